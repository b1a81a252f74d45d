-- Whether a round is forgotten. One row, or none where no round has this id. Parameters: round_id.
SELECT forgotten_at FROM rounds.round WHERE round_id = :round_id
