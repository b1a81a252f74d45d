-- Whether any round takes answers. One row and one column.
SELECT EXISTS (SELECT FROM rounds.round WHERE state IN ('open', 'approved'))
