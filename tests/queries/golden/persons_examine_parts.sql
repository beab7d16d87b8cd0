-- persons.examine_parts
-- p0 = ['all_1_8_1', 'all_9_9_0']
-- p1 = ['all_1_8_1', 'all_9_9_0']
SELECT sum(live_rows) AS live, sum(latest_rows) AS latest, sum(dead_rows) AS tombstones,
max(highest) AS newest_version, max(youngest) AS newest_us
FROM (
SELECT countIf(is_deleted = 0) AS live_rows, 0 AS latest_rows,
countIf(is_deleted = 1) AS dead_rows, max(version) AS highest,
toUnixTimestamp64Micro(max(created_at)) AS youngest
FROM persons
WHERE (_part IN {p0:Array(String)})
UNION ALL
SELECT 0, count(), 0, 0, 0
FROM persons FINAL
WHERE (_part IN {p1:Array(String)}))
