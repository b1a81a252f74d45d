-- Move the simulated clock forward; touches no row when it is already past. Parameters: moment.
INSERT INTO rounds.clock (simulated_at) VALUES (:moment)
ON CONFLICT (only_row) DO UPDATE SET simulated_at = excluded.simulated_at
WHERE rounds.clock.simulated_at <= excluded.simulated_at
