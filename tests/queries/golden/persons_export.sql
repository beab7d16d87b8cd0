-- persons.export
-- p0 = 7
-- p1 = 1700000000000000
-- p2 = 'email'
-- p3 = 'email'
-- p4 = 'email'
-- p5 = 'email'
-- p6 = ['@example.', '@example-']
-- p7 = ['pro', 'team']
-- p8 = 'plan'
-- p9 = 'sp%20ace%2Ed'
-- p10 = 'age'
-- p11 = 'age'
-- p12 = 18.0
-- p13 = 'version'
-- p14 = 'v2'
-- p15 = 'version'
-- p16 = '$os'
-- p17 = 'Linux'
-- p18 = 'left'
SELECT toString(id) AS uuid,
toUnixTimestamp64Micro(created_at) AS created_us, is_identified,
toUnixTimestamp64Micro(last_seen_at) AS last_seen_us, distinct_ids AS ids, properties, version FROM persons FINAL WHERE (team_id = {p0:UInt32} AND created_at <= fromUnixTimestamp64Micro({p1:Int64}, 'UTC') AND (((isNotNull(prop.{p2:Identifier}) AND arrayExists(needle -> position(assumeNotNull(if(isValidASCII(prop.{p3:Identifier}), lower(prop.{p4:Identifier}), caseFoldUTF8(prop.{p5:Identifier}))), needle) > 0, {p6:Array(String)})) OR ifNull(has({p7:Array(String)}, prop.{p8:Identifier}), false) OR isNotNull(prop.{p9:Identifier}.:String)) AND ifNull(if(isFinite(toFloat64OrNull(prop.{p10:Identifier}.:String)), toFloat64OrNull(prop.{p11:Identifier}.:String), NULL) >= {p12:Float64}, false) AND (ifNull(prop.{p13:Identifier}.:String < {p14:String}, false) AND prop.{p15:Identifier}.:String NOT IN ('true', 'false')) AND NOT ifNull(prop.{p16:Identifier} = {p17:String}, false) AND isNull(prop.{p18:Identifier}.:String))) ORDER BY created_at DESC, id DESC
