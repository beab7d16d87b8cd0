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
-- p10 = '@example.'
-- p11 = 'email'
-- p12 = '@example-'
-- p13 = ['pro', 'team']
-- p14 = 'plan'
-- p15 = 'sp%20ace%2Ed'
-- p16 = 'age'
-- p17 = 'age'
-- p18 = 18.0
-- p19 = 'version'
-- p20 = 'v2'
-- p21 = '$os'
-- p22 = 'Linux'
-- p23 = 'left'
-- p24 = 101
-- p25 = 200
SELECT toString(id) AS uuid,
toUnixTimestamp64Micro(created_at) AS created_us, is_identified,
toUnixTimestamp64Micro(last_seen_at) AS last_seen_us, arraySlice(distinct_ids, 1, {p0:UInt32}) AS ids, properties, version
FROM persons FINAL
WHERE (team_id = {p1:UInt32} AND created_at <= fromUnixTimestamp64Micro({p2:Int64}, 'UTC') AND ((created_at, id) IN (
SELECT created_at, person_id FROM distinct_ids WHERE team_id = {p3:UInt32} AND distinct_id = {p4:String})
AND has(distinct_ids, {p5:String})) AND search LIKE {p6:String} AND ifNull(prop.email = {p7:String}, false) AND search LIKE {p8:String} AND (((ifNull(position(lowerUTF8(prop.{p9:Identifier}), lowerUTF8({p10:String})) > 0, false) OR ifNull(position(lowerUTF8(prop.{p11:Identifier}), lowerUTF8({p12:String})) > 0, false)) OR ifNull(has({p13:Array(String)}, prop.{p14:Identifier}), false) OR isNotNull(prop.{p15:Identifier}.:String)) AND ifNull(if(isFinite(toFloat64OrNull(prop.{p16:Identifier}.:String)), toFloat64OrNull(prop.{p17:Identifier}.:String), NULL) >= {p18:Float64}, false) AND ifNull(prop.{p19:Identifier}.:String < {p20:String}, false) AND NOT ifNull(prop.{p21:Identifier} = {p22:String}, false) AND isNull(prop.{p23:Identifier}.:String)))
ORDER BY created_at DESC, id DESC
LIMIT {p24:UInt64} OFFSET {p25:UInt64}
