-- persons.list
-- p0 = 1000
-- p1 = 7
-- p2 = 1700000000000000
-- p3 = 101
-- p4 = 0
SELECT toString(id) AS uuid,
toUnixTimestamp64Micro(created_at) AS created_us, is_identified,
toUnixTimestamp64Micro(last_seen_at) AS last_seen_us, arraySlice(distinct_ids, 1, {p0:UInt32}) AS ids, properties, version
FROM persons FINAL

WHERE ((team_id = {p1:UInt32} AND created_at <= fromUnixTimestamp64Micro({p2:Int64}, 'UTC')))
ORDER BY created_at DESC, id DESC
LIMIT {p3:UInt64} OFFSET {p4:UInt64}
SETTINGS max_block_size = 2048
