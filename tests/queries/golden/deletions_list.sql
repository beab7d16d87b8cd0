-- deletions.list
-- p0 = 7
-- p1 = 100
-- p2 = 0
SELECT toString(person_id) AS person, toUnixTimestamp64Micro(created_at) AS created_us,
toUnixTimestamp64Micro(verified_at) AS verified_us
FROM deletions FINAL
WHERE (team_id = {p0:UInt32})
ORDER BY created_at DESC, person_id
LIMIT {p1:UInt64} OFFSET {p2:UInt64}
