-- One row per incident with minutes on the measure asked for: its month, the minutes, whether they have ended (NULL: yes).
SELECT month, COLUMNS($measure)
FROM phases
WHERE COLUMNS($minutes) IS NOT NULL
