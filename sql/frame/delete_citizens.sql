-- Forget a round's citizens before they are written again. Parameters: round_id.
DELETE FROM identity.citizen WHERE round_id = :round_id
