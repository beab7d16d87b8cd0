-- timeline.snapshots
-- p0 = 7
-- p1 = ['ann', 'bob']
-- p2 = 1600000000000001
-- p3 = 1600000000000009
-- p4 = [1600000000000001, 1600000000000009]
-- p5 = ['b8c3e778-c1ea-5503-9f33-596db7513f5a', '0a1b2c3d-c1ea-5503-9f33-596db7513f5a']
SELECT toUnixTimestamp64Micro(timestamp) AS at_us, uuid, arrived AS turn,
person_properties AS properties
FROM events FINAL
PREWHERE (team_id = {p0:UInt32} AND distinct_id IN {p1:Array(String)} AND timestamp >= fromUnixTimestamp64Micro({p2:Int64}, 'UTC') AND timestamp <= fromUnixTimestamp64Micro({p3:Int64}, 'UTC')) AND timestamp IN (
SELECT fromUnixTimestamp64Micro(arrayJoin({p4:Array(Int64)}), 'UTC'))
WHERE uuid IN (SELECT arrayJoin({p5:Array(UUID)})) AND true
