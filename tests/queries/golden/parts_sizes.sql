-- parts.sizes
SELECT table AS name, count() AS parts, sum(rows) AS rows, sum(bytes_on_disk) AS bytes
FROM system.parts WHERE database = currentDatabase() AND active
GROUP BY table ORDER BY bytes DESC
