-- Tell the planner how many courses were decided about.
ANALYZE decision
