-- Publish the round's figures. One row per figure. Parameters: round_id.
INSERT INTO publication.figure SELECT * FROM estimation.figure WHERE round_id = :round_id
