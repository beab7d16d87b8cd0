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
-- p9 = '@example.'
-- p10 = 'email'
-- p11 = '@example-'
-- p12 = ['pro', 'team']
-- p13 = 'plan'
-- p14 = 'sp%20ace%2Ed'
-- p15 = 'age'
-- p16 = 'age'
-- p17 = 18.0
-- p18 = 'version'
-- p19 = 'v2'
-- p20 = '$os'
-- p21 = 'Linux'
-- p22 = 'left'
-- p23 = 131
SELECT toUnixTimestamp64Micro(created_at) AS created_us, toString(id) AS uuid
FROM persons
WHERE ((team_id = {p0:UInt32} AND created_at <= fromUnixTimestamp64Micro({p1:Int64}, 'UTC') AND ((created_at, id) IN (
SELECT created_at, person_id FROM distinct_ids WHERE team_id = {p2:UInt32} AND distinct_id = {p3:String})
AND has(distinct_ids, {p4:String})) AND search LIKE {p5:String} AND ifNull(prop.email = {p6:String}, false) AND search LIKE {p7:String} AND (((ifNull(position(lowerUTF8(prop.{p8:Identifier}), lowerUTF8({p9:String})) > 0, false) OR ifNull(position(lowerUTF8(prop.{p10:Identifier}), lowerUTF8({p11:String})) > 0, false)) OR ifNull(has({p12:Array(String)}, prop.{p13:Identifier}), false) OR isNotNull(prop.{p14:Identifier}.:String)) AND ifNull(if(isFinite(toFloat64OrNull(prop.{p15:Identifier}.:String)), toFloat64OrNull(prop.{p16:Identifier}.:String), NULL) >= {p17:Float64}, false) AND ifNull(prop.{p18:Identifier}.:String < {p19:String}, false) AND NOT ifNull(prop.{p20:Identifier} = {p21:String}, false) AND isNull(prop.{p22:Identifier}.:String))))
ORDER BY created_at DESC, id DESC
LIMIT {p23:UInt64}
