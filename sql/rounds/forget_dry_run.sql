-- Take away what the approver was shown of the plan before: it can be approved no more. Parameters: round_id.
DELETE FROM fieldwork.dry_run WHERE round_id = :round_id
