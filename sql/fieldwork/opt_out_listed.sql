-- Keep that sampled people want no contact in any round, unless this round knows of them already. Parameters: round_id,
-- person_ids, now.
INSERT INTO fieldwork.opt_out (round_id, person_id, reason, known_at)
SELECT :round_id, person_id, 'opted_out', :now FROM unnest(CAST(:person_ids AS uuid[])) AS listed (person_id)
ON CONFLICT (round_id, person_id) DO NOTHING
