-- persons.export
-- p0 = 7
-- p1 = 1700000000000000
-- p2 = 'email'
-- p3 = '@example.'
-- p4 = 'email'
-- p5 = '@example-'
-- p6 = ['pro', 'team']
-- p7 = 'plan'
-- p8 = 'sp%20ace%2Ed'
-- p9 = 'age'
-- p10 = 'age'
-- p11 = 18.0
-- p12 = 'version'
-- p13 = 'v2'
-- p14 = '$os'
-- p15 = 'Linux'
-- p16 = 'left'
SELECT toString(id) AS uuid,
toUnixTimestamp64Micro(created_at) AS created_us, is_identified,
toUnixTimestamp64Micro(last_seen_at) AS last_seen_us, distinct_ids AS ids, properties, version FROM persons FINAL WHERE (team_id = {p0:UInt32} AND created_at <= fromUnixTimestamp64Micro({p1:Int64}, 'UTC') AND (((ifNull(position(lowerUTF8(prop.{p2:Identifier}), lowerUTF8({p3:String})) > 0, false) OR ifNull(position(lowerUTF8(prop.{p4:Identifier}), lowerUTF8({p5:String})) > 0, false)) OR ifNull(has({p6:Array(String)}, prop.{p7:Identifier}), false) OR isNotNull(prop.{p8:Identifier}.:String)) AND ifNull(if(isFinite(toFloat64OrNull(prop.{p9:Identifier}.:String)), toFloat64OrNull(prop.{p10:Identifier}.:String), NULL) >= {p11:Float64}, false) AND ifNull(prop.{p12:Identifier}.:String < {p13:String}, false) AND NOT ifNull(prop.{p14:Identifier} = {p15:String}, false) AND isNull(prop.{p16:Identifier}.:String))) ORDER BY created_at DESC, id DESC
