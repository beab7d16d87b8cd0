-- activity.list
-- p0 = 7
-- p1 = 'b8c3e778-c1ea-5503-9f33-596db7513f5a'
-- p2 = 11
-- p3 = 20
SELECT id, toUnixTimestamp64Micro(created_at) AS created_us, person_id AS person,
person_number AS number, activity, detail, key_id, key_label, property_keys
FROM activity FINAL
WHERE (team_id = {p0:UInt32} AND person_id = {p1:UUID})
ORDER BY created_at DESC, id DESC
LIMIT {p2:UInt64} OFFSET {p3:UInt64}
