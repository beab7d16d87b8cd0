-- timeline.snapshots
-- p0 = 7
-- p1 = 7
-- p2 = 'b8c3e778-c1ea-5503-9f33-596db7513f5a'
-- p3 = 7
-- p4 = 5446352319364954
-- p5 = 'b8c3e778-c1ea-5503-9f33-596db7513f5a'
-- p6 = 1600000000000001
-- p7 = 1600000000000009
-- p8 = [1600000000000001, 1600000000000009]
-- p9 = ['b8c3e778-c1ea-5503-9f33-596db7513f5a', '0a1b2c3d-c1ea-5503-9f33-596db7513f5a']
-- p10 = ['$pageview', 'signed up']
-- p11 = ['ann']
-- p12 = [1650000000000000]
SELECT toUnixTimestamp64Micro(timestamp) AS at_us, uuid, arrived AS turn,
person_properties AS properties
FROM events FINAL
PREWHERE (team_id = {p0:UInt32} AND distinct_id IN (SELECT arrayJoin(distinct_ids) FROM persons FINAL
PREWHERE team_id = {p1:UInt32} AND id = {p2:UUID} AND (created_at, id) IN (
SELECT created_at, id FROM person_keys WHERE team_id = {p3:UInt32} AND number = {p4:UInt64} AND id = {p5:UUID})) AND timestamp >= fromUnixTimestamp64Micro({p6:Int64}, 'UTC') AND timestamp <= fromUnixTimestamp64Micro({p7:Int64}, 'UTC')) AND timestamp IN (
SELECT fromUnixTimestamp64Micro(arrayJoin({p8:Array(Int64)}), 'UTC'))
WHERE uuid IN (SELECT arrayJoin({p9:Array(UUID)})) AND (event IN {p10:Array(String)} AND version > transform(distinct_id, {p11:Array(String)}, {p12:Array(UInt64)}, toUInt64(0)))
