-- persons.write
-- p0 = '^([a-z0-9]+-){4}[a-z0-9]+$'
-- p1 = '^([a-z0-9]+-){4}[a-z0-9]+$'
-- p2 = '^([a-z0-9]+-){4}[a-z0-9]+$'
-- p3 = '^([a-z0-9]+-){4}[a-z0-9]+$'
-- p4 = 1000
-- p5 = 'email'
-- p6 = 'name'
-- p7 = 'username'
-- p8 = 'email'
-- p9 = '^((false|-?0(\\.0+)?([eE][+-]?[0-9]+)?)$|[\\[{])'
-- p10 = 'name'
-- p11 = '^((false|-?0(\\.0+)?([eE][+-]?[0-9]+)?)$|[\\[{])'
-- p12 = 'username'
-- p13 = '^((false|-?0(\\.0+)?([eE][+-]?[0-9]+)?)$|[\\[{])'
-- p14 = 7
-- p15 = ['ann', 'bob']
-- p16 = 7
-- p17 = 1700000000000000
-- p18 = ['ann', 'bob']
-- p19 = '%ann@example.com%'
-- p20 = 'ann@example.com'
-- p21 = '%ann%'
-- p22 = 'email'
-- p23 = 'email'
-- p24 = 'email'
-- p25 = ['@example.', '@example-']
-- p26 = 'plan'
-- p27 = ['pro', 'team']
-- p28 = 'sp%20ace%2Ed'
-- p29 = 'age'
-- p30 = 'age'
-- p31 = 18.0
-- p32 = 'version'
-- p33 = 'v2'
-- p34 = 'version'
-- p35 = '$os'
-- p36 = 'Linux'
-- p37 = 'left'
-- p38 = 5001
-- p39 = 200
SELECT
toString(id) AS uuid,
toUnixTimestamp64Micro(created_at) AS created_us,
concat('{"id":', toString(toInt64(greatest(bitAnd(toUInt64(toUInt128(id)), 9007199254740991), 1))), ',"uuid":"', uuid, '","name":') AS head,
toJSONString(if(is_odd, coalesce(if(empty(ids_shown), NULL, ids_shown[greatest(
indexOf(arrayMap(item -> match(item, {p0:String}), ids_shown), 0), 1)]), toString(toInt64(greatest(bitAnd(toUInt64(toUInt128(id)), 9007199254740991), 1)))), coalesce(nullIf(email_text, ''), nullIf(name_text, ''), nullIf(username_text, ''), if(empty(ids_shown), NULL, ids_shown[greatest(
indexOf(arrayMap(item -> match(item, {p1:String}), ids_shown), 0), 1)]), toString(toInt64(greatest(bitAnd(toUInt64(toUInt128(id)), 9007199254740991), 1)))))) AS name,
concat(
',"distinct_ids":', toJSONString(if(length(ids_shown) < 2, ids_shown, arrayConcat(
arrayFilter(item -> NOT match(item, {p2:String}), ids_shown),
arrayFilter(item -> match(item, {p3:String}), ids_shown)))),
',"properties":', properties,
',"created_at":"', concat(replaceOne(replaceOne(toString(created_at), '.000000', ''), ' ', 'T'), 'Z'),
'","last_seen_at":', ifNull(concat('"', concat(replaceOne(replaceOne(toString(last_seen_at), '.000000', ''), ' ', 'T'), 'Z'), '"'), 'null'),
',"is_identified":', if(is_identified, 'true', 'false'),
',"type":"person","matched_recordings":[],"value_at_data_point":null}'
) AS tail,
if(is_odd, properties, '') AS odd
FROM (
SELECT
created_at, id, last_seen_at, is_identified, properties,
arraySlice(distinct_ids, 1, {p4:UInt32}) AS ids_shown,
prop.{p5:Identifier} AS email_text, prop.{p6:Identifier} AS name_text, prop.{p7:Identifier} AS username_text,
(ifNull(match(prop.{p8:Identifier}, {p9:String}), false) OR ifNull(match(prop.{p10:Identifier}, {p11:String}), false) OR ifNull(match(prop.{p12:Identifier}, {p13:String}), false)) AS is_odd
FROM persons FINAL
PREWHERE (created_at, id) IN (
SELECT created_at, person_id FROM distinct_ids WHERE team_id = {p14:UInt32} AND distinct_id IN {p15:Array(String)})

WHERE ((team_id = {p16:UInt32} AND created_at <= fromUnixTimestamp64Micro({p17:Int64}, 'UTC') AND arrayExists(one -> one IN {p18:Array(String)}, distinct_ids) AND search LIKE {p19:String} AND ifNull(prop.email = {p20:String}, false) AND search LIKE {p21:String} AND (((ifNull(multiSearchAny(if(isValidASCII(prop.{p22:Identifier}), lower(prop.{p23:Identifier}), caseFoldUTF8(prop.{p24:Identifier})), {p25:Array(String)}), false)) OR ifNull(prop.{p26:Identifier} IN {p27:Array(String)}, false) OR isNotNull(prop.{p28:Identifier}.:String)) AND ifNull(if(isFinite(toFloat64OrNull(prop.{p29:Identifier}.:String)), toFloat64OrNull(prop.{p30:Identifier}.:String), NULL) >= {p31:Float64}, false) AND (ifNull(prop.{p32:Identifier}.:String < {p33:String}, false) AND prop.{p34:Identifier}.:String NOT IN ('true', 'false')) AND NOT ifNull(prop.{p35:Identifier} = {p36:String}, false) AND isNull(prop.{p37:Identifier}.:String))))
ORDER BY created_at DESC, id DESC LIMIT {p38:UInt64} OFFSET {p39:UInt64} )
ORDER BY created_at DESC, id DESC
