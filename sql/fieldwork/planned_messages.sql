-- Planned messages. One row per message. Parameters: round_id.
SELECT person_id, wave, slot FROM fieldwork.message WHERE round_id = :round_id
