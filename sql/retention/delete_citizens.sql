-- Destroy a round's identities. Parameters: round_id.
DELETE FROM identity.citizen WHERE round_id = :round_id
