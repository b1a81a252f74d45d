-- Publish a municipality's figures as they are estimated now. One row per figure. Parameters: round_id, municipality_code.
INSERT INTO publication.figure
SELECT * FROM estimation.figure WHERE round_id = :round_id AND municipality_code = :municipality_code
