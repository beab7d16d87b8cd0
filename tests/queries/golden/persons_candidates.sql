-- persons.candidates
-- p0 = 7
-- p1 = 1700000000000000
-- p2 = 7
-- p3 = 'ann'
-- p4 = 'ann'
-- p5 = '%ann@example.com%'
-- p6 = 'ann@example.com'
-- p7 = '%ann%'
-- p8 = 'email'
-- p9 = 'email'
-- p10 = 'email'
-- p11 = 'email'
-- p12 = ['@example.', '@example-']
-- p13 = ['pro', 'team']
-- p14 = 'plan'
-- p15 = 'sp%20ace%2Ed'
-- p16 = 'age'
-- p17 = 'age'
-- p18 = 18.0
-- p19 = 'version'
-- p20 = 'v2'
-- p21 = 'version'
-- p22 = '$os'
-- p23 = 'Linux'
-- p24 = 'left'
-- p25 = 131
SELECT toUnixTimestamp64Micro(created_at) AS created_us, toString(id) AS uuid
FROM persons
WHERE ((team_id = {p0:UInt32} AND created_at <= fromUnixTimestamp64Micro({p1:Int64}, 'UTC') AND ((created_at, id) IN (
SELECT created_at, person_id FROM distinct_ids WHERE team_id = {p2:UInt32} AND distinct_id = {p3:String})
AND has(distinct_ids, {p4:String})) AND search LIKE {p5:String} AND ifNull(prop.email = {p6:String}, false) AND search LIKE {p7:String} AND (((isNotNull(prop.{p8:Identifier}) AND arrayExists(needle -> position(assumeNotNull(if(isValidASCII(prop.{p9:Identifier}), lower(prop.{p10:Identifier}), caseFoldUTF8(prop.{p11:Identifier}))), needle) > 0, {p12:Array(String)})) OR ifNull(has({p13:Array(String)}, prop.{p14:Identifier}), false) OR isNotNull(prop.{p15:Identifier}.:String)) AND ifNull(if(isFinite(toFloat64OrNull(prop.{p16:Identifier}.:String)), toFloat64OrNull(prop.{p17:Identifier}.:String), NULL) >= {p18:Float64}, false) AND (ifNull(prop.{p19:Identifier}.:String < {p20:String}, false) AND prop.{p21:Identifier}.:String NOT IN ('true', 'false')) AND NOT ifNull(prop.{p22:Identifier} = {p23:String}, false) AND isNull(prop.{p24:Identifier}.:String))))
ORDER BY created_at DESC, id DESC
LIMIT {p25:UInt64}
