-- persons.candidates
-- p0 = 7
-- p1 = 1700000000000000
-- p2 = 7
-- p3 = ['ann', 'bob']
-- p4 = ['ann', 'bob']
-- p5 = '%ann@example.com%'
-- p6 = 'ann@example.com'
-- p7 = '%ann%'
-- p8 = 'email'
-- p9 = 'email'
-- p10 = 'email'
-- p11 = ['@example.', '@example-']
-- p12 = 'plan'
-- p13 = ['pro', 'team']
-- p14 = 'sp%20ace%2Ed'
-- p15 = 'age'
-- p16 = 'age'
-- p17 = 18.0
-- p18 = 'version'
-- p19 = 'v2'
-- p20 = 'version'
-- p21 = '$os'
-- p22 = 'Linux'
-- p23 = 'left'
-- p24 = 131
SELECT toUnixTimestamp64Micro(created_at) AS created_us, toString(id) AS uuid
FROM persons
WHERE ((team_id = {p0:UInt32} AND created_at <= fromUnixTimestamp64Micro({p1:Int64}, 'UTC') AND (created_at, id) IN (
SELECT created_at, person_id FROM distinct_ids WHERE team_id = {p2:UInt32} AND distinct_id IN {p3:Array(String)})
AND arrayExists(one -> one IN {p4:Array(String)}, distinct_ids) AND search LIKE {p5:String} AND ifNull(prop.email = {p6:String}, false) AND search LIKE {p7:String} AND (((ifNull(multiSearchAny(if(isValidASCII(prop.{p8:Identifier}), lower(prop.{p9:Identifier}), caseFoldUTF8(prop.{p10:Identifier})), {p11:Array(String)}), false)) OR ifNull(prop.{p12:Identifier} IN {p13:Array(String)}, false) OR isNotNull(prop.{p14:Identifier}.:String)) AND ifNull(if(isFinite(toFloat64OrNull(prop.{p15:Identifier}.:String)), toFloat64OrNull(prop.{p16:Identifier}.:String), NULL) >= {p17:Float64}, false) AND (ifNull(prop.{p18:Identifier}.:String < {p19:String}, false) AND prop.{p20:Identifier}.:String NOT IN ('true', 'false')) AND NOT ifNull(prop.{p21:Identifier} = {p22:String}, false) AND isNull(prop.{p23:Identifier}.:String))))
ORDER BY created_at DESC, id DESC
LIMIT {p24:UInt64}
SETTINGS use_top_k_dynamic_filtering = 0
