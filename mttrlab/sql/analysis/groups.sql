-- One row per group of incidents; NULL: the column is empty for them.
SELECT DISTINCT COLUMNS($by) FROM phases
