-- persons.owners
-- p0 = 1000
-- p1 = ['ann', 'bob']
-- p2 = 7
-- p3 = 7
-- p4 = ['ann', 'bob']
SELECT toString(id) AS uuid,
toUnixTimestamp64Micro(created_at) AS created_us, is_identified,
toUnixTimestamp64Micro(last_seen_at) AS last_seen_us, arraySlice(distinct_ids, 1, {p0:UInt32}) AS ids, properties, version, arrayFilter(one -> one IN {p1:Array(String)}, distinct_ids) AS asked
FROM persons FINAL
PREWHERE team_id = {p2:UInt32}
AND (created_at, id) IN (
SELECT created_at, person_id FROM distinct_ids
WHERE team_id = {p3:UInt32} AND distinct_id IN {p4:Array(String)})
WHERE notEmpty(asked)
