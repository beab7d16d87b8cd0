-- persons.get
-- p0 = 7
-- p1 = 'b8c3e778-c1ea-5503-9f33-596db7513f5a'
-- p2 = 7
-- p3 = 5446352319364954
-- p4 = 'b8c3e778-c1ea-5503-9f33-596db7513f5a'
SELECT toString(id) AS uuid,
toUnixTimestamp64Micro(created_at) AS created_us, is_identified,
toUnixTimestamp64Micro(last_seen_at) AS last_seen_us, distinct_ids AS ids, properties, version
FROM persons FINAL
PREWHERE team_id = {p0:UInt32}
AND id = {p1:UUID}
AND (created_at, id) IN (
SELECT created_at, id FROM person_keys WHERE team_id = {p2:UInt32} AND number = {p3:UInt64} AND id = {p4:UUID})
