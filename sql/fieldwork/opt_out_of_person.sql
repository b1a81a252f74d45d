-- Why a person is not to be contacted. One row, or none. Parameters: round_id, person_id.
SELECT reason, known_at FROM fieldwork.opt_out WHERE round_id = :round_id AND person_id = :person_id
