-- The simulated clock of the sandbox. One row and one column, or none.
SELECT simulated_at FROM rounds.clock
