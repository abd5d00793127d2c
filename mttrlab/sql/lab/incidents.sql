-- One row per incident that counts; NULL stamps: see the verdict beside them; other NULLs: not said.
SELECT *
FROM records
WHERE population = 'counted'
