-- timeline.openings
-- p0 = 10001
-- p1 = 10001
-- p2 = 10001
-- p3 = 10001
-- p4 = 'plan'
-- p5 = 'plan'
-- p6 = 'sp%20ace%2Ed'
-- p7 = 'sp%20ace%2Ed'
-- p8 = 7
-- p9 = ['ann', 'bob']
-- p10 = 1600000000000000
-- p11 = 1700000000000000
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
sipHash64(isNull(prop.{p4:Identifier}.:String), ifNull(prop.{p5:Identifier}.:String, ''), isNull(prop.{p6:Identifier}.:String), ifNull(prop.{p7:Identifier}.:String, '')) AS state
FROM events FINAL
PREWHERE (team_id = {p8:UInt32} AND distinct_id IN (SELECT arrayJoin(arrayConcat({p9:Array(String)}))) AND timestamp >= fromUnixTimestamp64Micro({p10:Int64}, 'UTC') AND timestamp <= fromUnixTimestamp64Micro({p11:Int64}, 'UTC'))
WHERE true
ORDER BY timestamp, arrived, uuid))
