-- persons.get
-- p0 = 7
-- p1 = 7
-- p2 = 123456
SELECT toString(id) AS uuid,
toUnixTimestamp64Micro(created_at) AS created_us, is_identified,
toUnixTimestamp64Micro(last_seen_at) AS last_seen_us, distinct_ids AS ids, properties, version
FROM persons FINAL
PREWHERE team_id = {p0:UInt32}
AND true
AND (created_at, id) IN (
SELECT created_at, id FROM person_keys WHERE team_id = {p1:UInt32} AND number = {p2:UInt64} AND true)
