-- persons.page
-- p0 = 1000
-- p1 = 7
-- p2 = 1700000000000000
-- p3 = 1600000000000000
-- p4 = 1600000000000001
-- p5 = [1600000000000001, 1600000000000000]
-- p6 = ['b8c3e778-c1ea-5503-9f33-596db7513f5a', '0a1b2c3d-c1ea-5503-9f33-596db7513f5a']
SELECT toString(id) AS uuid,
toUnixTimestamp64Micro(created_at) AS created_us, is_identified,
toUnixTimestamp64Micro(last_seen_at) AS last_seen_us, arraySlice(distinct_ids, 1, {p0:UInt32}) AS ids, properties, version
FROM persons FINAL
WHERE (team_id = {p1:UInt32} AND created_at <= fromUnixTimestamp64Micro({p2:Int64}, 'UTC')) AND (created_at >= fromUnixTimestamp64Micro({p3:Int64}, 'UTC')
AND created_at <= fromUnixTimestamp64Micro({p4:Int64}, 'UTC')
AND (created_at, id) IN (
SELECT fromUnixTimestamp64Micro(place.1, 'UTC'), place.2
FROM (SELECT arrayJoin(arrayZip({p5:Array(Int64)}, {p6:Array(UUID)})) AS place)))
ORDER BY created_at DESC, id DESC
