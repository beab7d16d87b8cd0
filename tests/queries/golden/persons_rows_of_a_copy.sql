-- persons.rows
-- p0 = 'c0'
-- p1 = 'export_1'
-- p2 = 7
-- p3 = 1700000000000000
-- p4 = ['ann']
-- p5 = 1600000000000001
-- p6 = 1600000000000001
-- p7 = 'b8c3e778-c1ea-5503-9f33-596db7513f5a'
-- p8 = 5
SELECT * FROM (
SELECT toString(id) AS {p0:Identifier}, toUnixTimestamp64Micro(created_at) AS created_us, toString(id) AS person, '' AS odd, '' AS unnamed, toUInt64(0) AS total, toUInt64(0) AS others
FROM {p1:Identifier} FINAL
WHERE ((team_id = {p2:UInt32} AND created_at <= fromUnixTimestamp64Micro({p3:Int64}, 'UTC') AND arrayExists(one -> one IN {p4:Array(String)}, distinct_ids)) AND (created_at <= fromUnixTimestamp64Micro({p5:Int64}, 'UTC')
AND (created_at, id) < (fromUnixTimestamp64Micro({p6:Int64}, 'UTC'), {p7:UUID})))
ORDER BY created_at DESC, id DESC
LIMIT {p8:UInt64}
SETTINGS max_block_size = 8192)
