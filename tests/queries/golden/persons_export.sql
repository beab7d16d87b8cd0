-- persons.export
-- p0 = 7
-- p1 = 1700000000000000
-- p2 = 'email'
-- p3 = 'email'
-- p4 = 'email'
-- p5 = ['@example.', '@example-']
-- p6 = 'plan'
-- p7 = ['pro', 'team']
-- p8 = 'sp%20ace%2Ed'
-- p9 = 'age'
-- p10 = 'age'
-- p11 = 18.0
-- p12 = 'version'
-- p13 = 'v2'
-- p14 = 'version'
-- p15 = '$os'
-- p16 = 'Linux'
-- p17 = 'left'
SELECT toString(id) AS uuid,
toUnixTimestamp64Micro(created_at) AS created_us, is_identified,
toUnixTimestamp64Micro(last_seen_at) AS last_seen_us, distinct_ids AS ids, properties, version FROM persons FINAL WHERE (team_id = {p0:UInt32} AND created_at <= fromUnixTimestamp64Micro({p1:Int64}, 'UTC') AND (((ifNull(multiSearchAny(if(isValidASCII(prop.{p2:Identifier}), lower(prop.{p3:Identifier}), caseFoldUTF8(prop.{p4:Identifier})), {p5:Array(String)}), false)) OR ifNull(prop.{p6:Identifier} IN {p7:Array(String)}, false) OR isNotNull(prop.{p8:Identifier}.:String)) AND ifNull(if(isFinite(toFloat64OrNull(prop.{p9:Identifier}.:String)), toFloat64OrNull(prop.{p10:Identifier}.:String), NULL) >= {p11:Float64}, false) AND (ifNull(prop.{p12:Identifier}.:String < {p13:String}, false) AND prop.{p14:Identifier}.:String NOT IN ('true', 'false')) AND NOT ifNull(prop.{p15:Identifier} = {p16:String}, false) AND isNull(prop.{p17:Identifier}.:String))) ORDER BY created_at DESC, id DESC
