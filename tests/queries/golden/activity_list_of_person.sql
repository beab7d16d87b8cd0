-- activity.list
-- p0 = 7
-- p1 = 7
-- p2 = 'b8c3e778-c1ea-5503-9f33-596db7513f5a'
-- p3 = 11
-- p4 = 20
SELECT id, toUnixTimestamp64Micro(created_at) AS created_us, person_id AS person,
person_number AS number, activity, detail, key_id, key_label, property_keys
FROM activity FINAL
WHERE (team_id = {p0:UInt32} AND (created_at, id) IN (
SELECT created_at, id FROM activity WHERE team_id = {p1:UInt32} AND person_id = {p2:UUID}))
ORDER BY created_at DESC, id DESC
LIMIT {p3:UInt64} OFFSET {p4:UInt64}
