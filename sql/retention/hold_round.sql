-- Keep everybody else from writing rows of a round until the end of the transaction. One row. Parameters: round_id.
SELECT round_id FROM rounds.round WHERE round_id = :round_id FOR UPDATE
