-- Remove the outcomes of a round, to be decided anew. Parameters: round_id.
DELETE FROM responses.disposition WHERE round_id = :round_id
