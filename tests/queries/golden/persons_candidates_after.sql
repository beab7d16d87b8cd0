-- persons.candidates
-- p0 = 7
-- p1 = 1700000000000000
-- p2 = 1600000000000000
-- p3 = 1600000000000000
-- p4 = '0a1b2c3d-c1ea-5503-9f33-596db7513f5a'
-- p5 = 131
SELECT toUnixTimestamp64Micro(created_at) AS created_us, toString(id) AS uuid
FROM persons
WHERE ((team_id = {p0:UInt32} AND created_at <= fromUnixTimestamp64Micro({p1:Int64}, 'UTC')) AND (created_at <= fromUnixTimestamp64Micro({p2:Int64}, 'UTC')
AND (created_at, id) < (fromUnixTimestamp64Micro({p3:Int64}, 'UTC'), {p4:UUID})))
ORDER BY created_at DESC, id DESC
LIMIT {p5:UInt64}
SETTINGS use_top_k_dynamic_filtering = 0
