-- persons.list
-- p0 = 1000
-- p1 = 7
-- p2 = 1700000000000000
-- p3 = 1
-- p4 = 2
-- p5 = 3
-- p6 = 4
-- p7 = 101
-- p8 = 0
SELECT toString(id) AS uuid,
toUnixTimestamp64Micro(created_at) AS created_us, is_identified,
toUnixTimestamp64Micro(last_seen_at) AS last_seen_us, arraySlice(distinct_ids, 1, {p0:UInt32}) AS ids, properties, version
FROM persons FINAL

WHERE ((team_id = {p1:UInt32} AND created_at <= fromUnixTimestamp64Micro({p2:Int64}, 'UTC') AND created_at >= fromUnixTimestamp64Micro({p3:Int64}, 'UTC') AND created_at < fromUnixTimestamp64Micro({p4:Int64}, 'UTC') AND version >= {p5:UInt64} AND ifNull(last_seen_at >= fromUnixTimestamp64Micro({p6:Int64}, 'UTC'), false)))
ORDER BY created_at DESC, id DESC
LIMIT {p7:UInt64} OFFSET {p8:UInt64}
