-- activity.list
-- p0 = 7
-- p1 = 11
-- p2 = 0
SELECT id, toUnixTimestamp64Micro(created_at) AS created_us, person_id AS person,
person_number AS number, activity, detail, key_id, key_label, property_keys
FROM activity FINAL
WHERE (team_id = {p0:UInt32})
ORDER BY created_at DESC, id DESC
LIMIT {p1:UInt64} OFFSET {p2:UInt64}
