-- Forget a round's quarantined rows before they are written again. Parameters: round_id.
DELETE FROM identity.quarantined_row WHERE round_id = :round_id
