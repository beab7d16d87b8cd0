-- columns.keys
-- p0 = 7
-- p1 = 1700000000000000
SELECT if(unread, '', key) AS name, key = '\xFF' AS unread, count() AS persons,
sum(is_flat) AS flat
FROM (
SELECT arrayJoin(if(empty(keys), ['\xFF'], keys)) AS key, is_flat
FROM (
SELECT JSONExtractKeys(properties) AS keys, (position(properties, '[') = 0 AND countSubstrings(properties, '{') = 1) AS is_flat
FROM persons FINAL
WHERE (team_id = {p0:UInt32} AND created_at <= fromUnixTimestamp64Micro({p1:Int64}, 'UTC')) AND length(properties) > 2))
GROUP BY key
