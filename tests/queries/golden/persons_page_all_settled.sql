-- persons.settled_page
-- p0 = 1000
-- p1 = 7
-- p2 = 1700000000000000
-- p3 = ['all_1_9_2']
-- p4 = 1600000000000001
-- p5 = 1600000000000001
-- p6 = 'b8c3e778-c1ea-5503-9f33-596db7513f5a'
-- p7 = 101
SELECT toString(id) AS uuid,
toUnixTimestamp64Micro(created_at) AS created_us, is_identified,
toUnixTimestamp64Micro(last_seen_at) AS last_seen_us, arraySlice(distinct_ids, 1, {p0:UInt32}) AS ids, properties, version FROM persons WHERE (((team_id = {p1:UInt32} AND created_at <= fromUnixTimestamp64Micro({p2:Int64}, 'UTC')) AND (_part IN {p3:Array(String)})) AND (created_at >= fromUnixTimestamp64Micro({p4:Int64}, 'UTC')
AND (created_at, id) > (fromUnixTimestamp64Micro({p5:Int64}, 'UTC'), {p6:UUID}))) ORDER BY created_at ASC, id ASC LIMIT {p7:UInt64} SETTINGS use_top_k_dynamic_filtering = 0
