-- persons.list
-- p0 = 1000
-- p1 = 7
-- p2 = 1700000000000000
-- p3 = 1600000000000000
-- p4 = 1600000000000000
-- p5 = '0a1b2c3d-c1ea-5503-9f33-596db7513f5a'
-- p6 = 5001
-- p7 = 0
SELECT toString(id) AS uuid,
toUnixTimestamp64Micro(created_at) AS created_us, is_identified,
toUnixTimestamp64Micro(last_seen_at) AS last_seen_us, arraySlice(distinct_ids, 1, {p0:UInt32}) AS ids, properties, version
FROM persons FINAL

WHERE ((team_id = {p1:UInt32} AND created_at <= fromUnixTimestamp64Micro({p2:Int64}, 'UTC')) AND (created_at <= fromUnixTimestamp64Micro({p3:Int64}, 'UTC')
AND (created_at, id) < (fromUnixTimestamp64Micro({p4:Int64}, 'UTC'), {p5:UUID})))
ORDER BY created_at DESC, id DESC
LIMIT {p6:UInt64} OFFSET {p7:UInt64}
SETTINGS max_block_size = 2048
