-- persons.list
-- p0 = 1000
-- p1 = 7
-- p2 = 1700000000000000
-- p3 = 7
-- p4 = 'ann'
-- p5 = 'ann'
-- p6 = '%ann@example.com%'
-- p7 = 'ann@example.com'
-- p8 = '%ann%'
-- p9 = 'email'
-- p10 = 'email'
-- p11 = 'email'
-- p12 = 'email'
-- p13 = ['@example.', '@example-']
-- p14 = ['pro', 'team']
-- p15 = 'plan'
-- p16 = 'sp%20ace%2Ed'
-- p17 = 'age'
-- p18 = 'age'
-- p19 = 18.0
-- p20 = 'version'
-- p21 = 'v2'
-- p22 = 'version'
-- p23 = '$os'
-- p24 = 'Linux'
-- p25 = 'left'
-- p26 = 101
-- p27 = 200
SELECT toString(id) AS uuid,
toUnixTimestamp64Micro(created_at) AS created_us, is_identified,
toUnixTimestamp64Micro(last_seen_at) AS last_seen_us, arraySlice(distinct_ids, 1, {p0:UInt32}) AS ids, properties, version
FROM persons FINAL
WHERE (team_id = {p1:UInt32} AND created_at <= fromUnixTimestamp64Micro({p2:Int64}, 'UTC') AND ((created_at, id) IN (
SELECT created_at, person_id FROM distinct_ids WHERE team_id = {p3:UInt32} AND distinct_id = {p4:String})
AND has(distinct_ids, {p5:String})) AND search LIKE {p6:String} AND ifNull(prop.email = {p7:String}, false) AND search LIKE {p8:String} AND (((isNotNull(prop.{p9:Identifier}) AND arrayExists(needle -> position(assumeNotNull(if(isValidASCII(prop.{p10:Identifier}), lower(prop.{p11:Identifier}), caseFoldUTF8(prop.{p12:Identifier}))), needle) > 0, {p13:Array(String)})) OR ifNull(has({p14:Array(String)}, prop.{p15:Identifier}), false) OR isNotNull(prop.{p16:Identifier}.:String)) AND ifNull(if(isFinite(toFloat64OrNull(prop.{p17:Identifier}.:String)), toFloat64OrNull(prop.{p18:Identifier}.:String), NULL) >= {p19:Float64}, false) AND (ifNull(prop.{p20:Identifier}.:String < {p21:String}, false) AND prop.{p22:Identifier}.:String NOT IN ('true', 'false')) AND NOT ifNull(prop.{p23:Identifier} = {p24:String}, false) AND isNull(prop.{p25:Identifier}.:String)))
ORDER BY created_at DESC, id DESC
LIMIT {p26:UInt64} OFFSET {p27:UInt64}
