-- persons.rows
-- p0 = 'c0'
-- p1 = '^([a-z0-9]+-){4}[a-z0-9]+$'
-- p2 = '^([a-z0-9]+-){4}[a-z0-9]+$'
-- p3 = 'c1'
-- p4 = 'c2'
-- p5 = 'c3'
-- p6 = 'c4'
-- p7 = 'email'
-- p8 = 'name'
-- p9 = 'username'
-- p10 = '^([a-z0-9]+-){4}[a-z0-9]+$'
-- p11 = 'c5'
-- p12 = 'c6'
-- p13 = 'c7'
-- p14 = 'c8'
-- p15 = 'c9'
-- p16 = 'email'
-- p17 = 'c10'
-- p18 = '^([a-z0-9]+-){4}[a-z0-9]+$'
-- p19 = 'c11'
-- p20 = 8
-- p21 = '^([a-z0-9]+-){4}[a-z0-9]+$'
-- p22 = '^([a-z0-9]+-){4}[a-z0-9]+$'
-- p23 = 8
-- p24 = 'c12'
-- p25 = 'plan'
-- p26 = 'c13'
-- p27 = 'a%2Eb'
-- p28 = 'c14'
-- p29 = 'email'
-- p30 = '^((false|-?0(\\.0+)?([eE][+-]?[0-9]+)?)$|[\\[{])'
-- p31 = 'name'
-- p32 = '^((false|-?0(\\.0+)?([eE][+-]?[0-9]+)?)$|[\\[{])'
-- p33 = 'username'
-- p34 = '^((false|-?0(\\.0+)?([eE][+-]?[0-9]+)?)$|[\\[{])'
-- p35 = 'email'
-- p36 = 'plan'
-- p37 = 'a%2Eb'
-- p38 = ['"true"', '"false"', '\\u006', '\\u007']
-- p39 = 'a'
-- p40 = '^([a-z0-9]+-){4}[a-z0-9]+$'
-- p41 = 7
-- p42 = 1700000000000000
-- p43 = 7
-- p44 = ['ann']
-- p45 = ['ann']
-- p46 = 7
-- p47 = 1700000000000000
-- p48 = 7
-- p49 = ['ann']
-- p50 = ['ann']
SELECT * FROM (
SELECT concat(replaceOne(replaceOne(toString(created_at), '.000000', ''), ' ', 'T'), 'Z') AS {p0:Identifier}, toJSONString(if(length(distinct_ids) < 2, distinct_ids, arrayConcat(
arrayFilter(item -> NOT match(item, {p1:String}), distinct_ids),
arrayFilter(item -> match(item, {p2:String}), distinct_ids)))) AS {p3:Identifier}, toInt64(greatest(bitAnd(toUInt64(toUInt128(id)), 9007199254740991), 1)) AS {p4:Identifier}, if(is_identified, 'True', 'False') AS {p5:Identifier}, concat(replaceOne(replaceOne(toString(last_seen_at), '.000000', ''), ' ', 'T'), 'Z') AS {p6:Identifier}, coalesce(nullIf(prop.{p7:Identifier}, ''), nullIf(prop.{p8:Identifier}, ''), nullIf(prop.{p9:Identifier}, ''), if(empty(distinct_ids), NULL, distinct_ids[greatest(
indexOf(arrayMap(item -> match(item, {p10:String}), distinct_ids), 0), 1)]), toString(toInt64(greatest(bitAnd(toUInt64(toUInt128(id)), 9007199254740991), 1)))) AS {p11:Identifier}, properties AS {p12:Identifier}, 'person' AS {p13:Identifier}, toString(id) AS {p14:Identifier}, CAST(NULL, 'Nullable(String)') AS {p15:Identifier}, CAST(transform(CAST(prop.{p16:Identifier}, 'Nullable(String)'), ['', 'true', 'false'], [NULL, 'True', 'False']), 'Nullable(String)') AS {p17:Identifier}, nullIf(if(empty(distinct_ids), NULL, distinct_ids[greatest(
indexOf(arrayMap(item -> match(item, {p18:String}), distinct_ids), 0), 1)]), '') AS {p19:Identifier}, nullIf(if(length(distinct_ids) < {p20:UInt32}, NULL, if(length(distinct_ids) < 2, distinct_ids, arrayConcat(
arrayFilter(item -> NOT match(item, {p21:String}), distinct_ids),
arrayFilter(item -> match(item, {p22:String}), distinct_ids)))[{p23:UInt32}]), '') AS {p24:Identifier}, CAST(transform(CAST(prop.{p25:Identifier}, 'Nullable(String)'), ['', 'true', 'false'], [NULL, 'True', 'False']), 'Nullable(String)') AS {p26:Identifier}, CAST(transform(CAST(prop.{p27:Identifier}.:String, 'Nullable(String)'), ['', 'true', 'false'], [NULL, 'True', 'False']), 'Nullable(String)') AS {p28:Identifier},  if((ifNull(match(prop.{p29:Identifier}, {p30:String}), false) OR ifNull(match(prop.{p31:Identifier}, {p32:String}), false) OR ifNull(match(prop.{p33:Identifier}, {p34:String}), false) OR ((ifNull(prop.{p35:Identifier} IN ('true', 'false'), false) OR ifNull(prop.{p36:Identifier} IN ('true', 'false'), false) OR ifNull(prop.{p37:Identifier}.:String IN ('true', 'false'), false)) AND multiSearchAny(properties, {p38:Array(String)})) OR ifNull(match(prop.{p39:Identifier}.:String, '^[\\[{]'), false)), properties, '') AS odd, if(odd = '', '', coalesce(if(empty(distinct_ids), NULL, distinct_ids[greatest(
indexOf(arrayMap(item -> match(item, {p40:String}), distinct_ids), 0), 1)]), toString(toInt64(greatest(bitAnd(toUInt64(toUInt128(id)), 9007199254740991), 1))))) AS unnamed, assumeNotNull((SELECT count() FROM persons FINAL WHERE (team_id = {p41:UInt32} AND created_at <= fromUnixTimestamp64Micro({p42:Int64}, 'UTC') AND (created_at, id) IN (
SELECT created_at, person_id FROM distinct_ids WHERE team_id = {p43:UInt32} AND distinct_id IN {p44:Array(String)})
AND arrayExists(one -> one IN {p45:Array(String)}, distinct_ids)))) AS total, toUInt64(0) AS others
FROM persons FINAL
WHERE ((team_id = {p46:UInt32} AND created_at <= fromUnixTimestamp64Micro({p47:Int64}, 'UTC') AND (created_at, id) IN (
SELECT created_at, person_id FROM distinct_ids WHERE team_id = {p48:UInt32} AND distinct_id IN {p49:Array(String)})
AND arrayExists(one -> one IN {p50:Array(String)}, distinct_ids)))
ORDER BY created_at DESC, id DESC

SETTINGS max_block_size = 8192)
