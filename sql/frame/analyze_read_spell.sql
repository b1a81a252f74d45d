-- Tell the planner how many courses were read.
ANALYZE read_spell
