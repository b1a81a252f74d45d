-- Take away the previews of a round. Parameters: round_id.
DELETE FROM fieldwork.preview WHERE round_id = :round_id
