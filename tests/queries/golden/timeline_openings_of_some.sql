-- timeline.openings
-- p0 = 11
-- p1 = 11
-- p2 = 11
-- p3 = 11
-- p4 = 7
-- p5 = 7
-- p6 = 'b8c3e778-c1ea-5503-9f33-596db7513f5a'
-- p7 = 7
-- p8 = 5446352319364954
-- p9 = 'b8c3e778-c1ea-5503-9f33-596db7513f5a'
-- p10 = 1600000000000000
-- p11 = 1700000000000000
-- p12 = ['$pageview', 'signed up']
-- p13 = ['ann']
-- p14 = [1650000000000000]
SELECT length(states) AS total,
arraySlice(arrayFilter((one, opens) -> opens, arrayEnumerate(opening), opening),
1, {p0:UInt32}) AS places,
arraySlice(arrayFilter((one, opens) -> opens, ats, opening), 1, {p1:UInt32}) AS times_us,
arraySlice(arrayFilter((one, opens) -> opens, ones, opening), 1, {p2:UInt32}) AS uuids,
arraySlice(arrayFilter((one, opens) -> opens, came, opening), 1, {p3:UInt32}) AS turns
FROM (
SELECT groupArray(at) AS ats, groupArray(one) AS ones, groupArray(turn) AS came,
groupArray(state) AS states,
arrayMap(
(place, state, before) -> place = 1 OR state != before,
arrayEnumerate(states), states, arrayShiftRight(states, 1)) AS opening
FROM (
SELECT toUnixTimestamp64Micro(timestamp) AS at, uuid AS one, arrived AS turn,
toUInt64(0) AS state
FROM events FINAL
PREWHERE (team_id = {p4:UInt32} AND distinct_id IN (SELECT arrayJoin(distinct_ids) FROM persons FINAL
PREWHERE team_id = {p5:UInt32} AND id = {p6:UUID} AND (created_at, id) IN (
SELECT created_at, id FROM person_keys WHERE team_id = {p7:UInt32} AND number = {p8:UInt64} AND id = {p9:UUID})) AND timestamp >= fromUnixTimestamp64Micro({p10:Int64}, 'UTC') AND timestamp <= fromUnixTimestamp64Micro({p11:Int64}, 'UTC'))
WHERE (event IN (SELECT arrayJoin(arrayConcat({p12:Array(String)}))) AND version > transform(distinct_id, {p13:Array(String)}, {p14:Array(UInt64)}, toUInt64(0)))
ORDER BY timestamp, arrived, uuid))
