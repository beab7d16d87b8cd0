-- timeline.openings
-- p0 = 10001
-- p1 = 7
-- p2 = ['ann', 'bob']
-- p3 = 1600000000000000
-- p4 = 1700000000000000
-- p5 = 501
-- p6 = 500
-- p7 = 'plan'
-- p8 = 'sp%20ace%2Ed'
-- p9 = 7
-- p10 = ['ann', 'bob']
-- p11 = 1600000000000000
-- p12 = 1700000000000000
SELECT count() AS total, arraySlice(arrayCompact(one -> one.6, arrayZip(
arrayEnumerate(groupArray(state)), groupArray(at), groupArray(uuid),
groupArray(arrived), groupArray(snapshot), groupArray(state))), 1, {p0:UInt32}) AS openings
FROM (
SELECT toUnixTimestamp64Micro(timestamp) AS at, uuid, arrived,
if((SELECT count() FROM (SELECT 1 FROM events PREWHERE (team_id = {p1:UInt32} AND distinct_id IN {p2:Array(String)} AND timestamp >= fromUnixTimestamp64Micro({p3:Int64}, 'UTC') AND timestamp <= fromUnixTimestamp64Micro({p4:Int64}, 'UTC')) LIMIT {p5:UInt32})) > {p6:UInt32},
'', person_properties) AS snapshot,
sipHash64(ifNull(concat('+', prop.{p7:Identifier}.:String), ''), ifNull(concat('+', prop.{p8:Identifier}.:String), '')) AS state
FROM events FINAL
PREWHERE (team_id = {p9:UInt32} AND distinct_id IN {p10:Array(String)} AND timestamp >= fromUnixTimestamp64Micro({p11:Int64}, 'UTC') AND timestamp <= fromUnixTimestamp64Micro({p12:Int64}, 'UTC'))
WHERE true
ORDER BY timestamp, arrived, uuid)
