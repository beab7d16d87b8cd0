-- timeline.openings
-- p0 = 11
-- p1 = 7
-- p2 = 7
-- p3 = 'b8c3e778-c1ea-5503-9f33-596db7513f5a'
-- p4 = 7
-- p5 = 5446352319364954
-- p6 = 'b8c3e778-c1ea-5503-9f33-596db7513f5a'
-- p7 = 1600000000000000
-- p8 = 1700000000000000
-- p9 = 501
-- p10 = 500
-- p11 = 7
-- p12 = 7
-- p13 = 'b8c3e778-c1ea-5503-9f33-596db7513f5a'
-- p14 = 7
-- p15 = 5446352319364954
-- p16 = 'b8c3e778-c1ea-5503-9f33-596db7513f5a'
-- p17 = 1600000000000000
-- p18 = 1700000000000000
-- p19 = ['$pageview', 'signed up']
-- p20 = ['ann']
-- p21 = [1650000000000000]
SELECT count() AS total, arraySlice(arrayCompact(one -> one.6, arrayZip(
arrayEnumerate(groupArray(state)), groupArray(at), groupArray(uuid),
groupArray(arrived), groupArray(snapshot), groupArray(state))), 1, {p0:UInt32}) AS openings
FROM (
SELECT toUnixTimestamp64Micro(timestamp) AS at, uuid, arrived,
if((SELECT count() FROM (SELECT 1 FROM events PREWHERE (team_id = {p1:UInt32} AND distinct_id IN (SELECT arrayJoin(distinct_ids) FROM persons FINAL
PREWHERE team_id = {p2:UInt32} AND id = {p3:UUID} AND (created_at, id) IN (
SELECT created_at, id FROM person_keys WHERE team_id = {p4:UInt32} AND number = {p5:UInt64} AND id = {p6:UUID})) AND timestamp >= fromUnixTimestamp64Micro({p7:Int64}, 'UTC') AND timestamp <= fromUnixTimestamp64Micro({p8:Int64}, 'UTC')) LIMIT {p9:UInt32})) > {p10:UInt32},
'', person_properties) AS snapshot,
toUInt64(0) AS state
FROM events FINAL
PREWHERE (team_id = {p11:UInt32} AND distinct_id IN (SELECT arrayJoin(distinct_ids) FROM persons FINAL
PREWHERE team_id = {p12:UInt32} AND id = {p13:UUID} AND (created_at, id) IN (
SELECT created_at, id FROM person_keys WHERE team_id = {p14:UInt32} AND number = {p15:UInt64} AND id = {p16:UUID})) AND timestamp >= fromUnixTimestamp64Micro({p17:Int64}, 'UTC') AND timestamp <= fromUnixTimestamp64Micro({p18:Int64}, 'UTC'))
WHERE (event IN {p19:Array(String)} AND version > transform(distinct_id, {p20:Array(String)}, {p21:Array(UInt64)}, toUInt64(0)))
ORDER BY timestamp, arrived, uuid)
