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
-- p15 = 1700000000000000
-- p16 = 1600000000000001
-- p17 = 1600000000000001
-- p18 = 'b8c3e778-c1ea-5503-9f33-596db7513f5a'
-- p19 = 5001
-- p20 = 0
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

WHERE ((team_id = {p14:UInt32} AND created_at <= fromUnixTimestamp64Micro({p15:Int64}, 'UTC')) AND (created_at >= fromUnixTimestamp64Micro({p16:Int64}, 'UTC')
AND (created_at, id) > (fromUnixTimestamp64Micro({p17:Int64}, 'UTC'), {p18:UUID})))
ORDER BY created_at ASC, id ASC LIMIT {p19:UInt64} OFFSET {p20:UInt64} SETTINGS max_block_size = 2048)
ORDER BY created_at ASC, id ASC
