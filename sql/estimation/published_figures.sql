-- What has been published of a round, from one snapshot of its answers. One row per figure. Parameters: round_id, snapshot_id.
SELECT * FROM publication.figure WHERE round_id = :round_id AND snapshot_id = :snapshot_id
