-- persons.page
-- p0 = 1000
-- p1 = 1600000000000000
-- p2 = 1600000000000001
-- p3 = [1600000000000001, 1600000000000000]
-- p4 = ['b8c3e778-c1ea-5503-9f33-596db7513f5a', '0a1b2c3d-c1ea-5503-9f33-596db7513f5a']
-- p5 = 7
-- p6 = 1700000000000000
SELECT toString(id) AS uuid,
toUnixTimestamp64Micro(created_at) AS created_us, is_identified,
toUnixTimestamp64Micro(last_seen_at) AS last_seen_us, arraySlice(distinct_ids, 1, {p0:UInt32}) AS ids, properties, version
FROM persons FINAL
PREWHERE (created_at >= fromUnixTimestamp64Micro({p1:Int64}, 'UTC')
AND created_at <= fromUnixTimestamp64Micro({p2:Int64}, 'UTC')
AND (created_at, id) IN (
SELECT fromUnixTimestamp64Micro(place.1, 'UTC'), place.2
FROM (SELECT arrayJoin(arrayZip({p3:Array(Int64)}, {p4:Array(UUID)})) AS place)))
WHERE (team_id = {p5:UInt32} AND created_at <= fromUnixTimestamp64Micro({p6:Int64}, 'UTC'))
ORDER BY created_at DESC, id DESC
