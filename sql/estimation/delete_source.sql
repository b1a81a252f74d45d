-- Take a source away with its figures, to be replaced in the same transaction. Parameters: source_id.
DELETE FROM estimation.source WHERE source_id = :source_id
