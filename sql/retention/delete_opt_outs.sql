-- Destroy a round's opt-outs. Parameters: round_id.
DELETE FROM fieldwork.opt_out WHERE round_id = :round_id
