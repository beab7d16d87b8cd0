-- persons.bearers
-- p0 = 7
-- p1 = ['ann', 'bob']
-- p2 = 1001
SELECT DISTINCT toUnixTimestamp64Micro(created_at) AS created_us,
toString(person_id) AS uuid
FROM distinct_ids
WHERE team_id = {p0:UInt32} AND distinct_id IN {p1:Array(String)}
ORDER BY created_at DESC, person_id DESC
LIMIT {p2:UInt64}
