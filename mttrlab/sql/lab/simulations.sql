-- One row per simulated run that the lab keeps; NULL never.
SELECT
    run, description, replications,
    coalesce(sum(high - low), 0)::BIGINT AS finished,
    coalesce(sum(incidents), 0)::BIGINT AS incidents,
    begun_at
FROM simulations
LEFT JOIN simulated_spans USING (run)
GROUP BY run, description, replications, begun_at
ORDER BY run
