-- persons.list
-- p0 = 1000
-- p1 = 7
-- p2 = ['ann', 'bob']
-- p3 = 7
-- p4 = 1700000000000000
-- p5 = ['ann', 'bob']
-- p6 = '%ann@example.com%'
-- p7 = 'ann@example.com'
-- p8 = '%ann%'
-- p9 = 'email'
-- p10 = 'email'
-- p11 = 'email'
-- p12 = ['@example.', '@example-']
-- p13 = 'plan'
-- p14 = ['pro', 'team']
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
-- p25 = 101
-- p26 = 200
SELECT toString(id) AS uuid,
toUnixTimestamp64Micro(created_at) AS created_us, is_identified,
toUnixTimestamp64Micro(last_seen_at) AS last_seen_us, arraySlice(distinct_ids, 1, {p0:UInt32}) AS ids, properties, version
FROM persons FINAL
PREWHERE (created_at, id) IN (
SELECT created_at, person_id FROM distinct_ids WHERE team_id = {p1:UInt32} AND distinct_id IN {p2:Array(String)})

WHERE ((team_id = {p3:UInt32} AND created_at <= fromUnixTimestamp64Micro({p4:Int64}, 'UTC') AND arrayExists(one -> one IN {p5:Array(String)}, distinct_ids) AND search LIKE {p6:String} AND ifNull(prop.email = {p7:String}, false) AND search LIKE {p8:String} AND (((ifNull(multiSearchAny(if(isValidASCII(prop.{p9:Identifier}), lower(prop.{p10:Identifier}), caseFoldUTF8(prop.{p11:Identifier})), {p12:Array(String)}), false)) OR ifNull(prop.{p13:Identifier} IN {p14:Array(String)}, false) OR isNotNull(prop.{p15:Identifier}.:String)) AND ifNull(if(isFinite(toFloat64OrNull(prop.{p16:Identifier}.:String)), toFloat64OrNull(prop.{p17:Identifier}.:String), NULL) >= {p18:Float64}, false) AND (ifNull(prop.{p19:Identifier}.:String < {p20:String}, false) AND prop.{p21:Identifier}.:String NOT IN ('true', 'false')) AND NOT ifNull(prop.{p22:Identifier} = {p23:String}, false) AND isNull(prop.{p24:Identifier}.:String))))
ORDER BY created_at DESC, id DESC
LIMIT {p25:UInt64} OFFSET {p26:UInt64}
