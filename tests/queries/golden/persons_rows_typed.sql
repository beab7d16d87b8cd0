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
-- p35 = 'a'
-- p36 = '^([a-z0-9]+-){4}[a-z0-9]+$'
-- p37 = 7
-- p38 = 1700000000000000
-- p39 = 7
-- p40 = ['ann']
-- p41 = ['ann']
-- p42 = 7
-- p43 = 1700000000000000
-- p44 = 7
-- p45 = ['ann']
-- p46 = ['ann']
SELECT * FROM (
SELECT created_at AS {p0:Identifier}, if(length(distinct_ids) < 2, distinct_ids, arrayConcat(
arrayFilter(item -> NOT match(item, {p1:String}), distinct_ids),
arrayFilter(item -> match(item, {p2:String}), distinct_ids))) AS {p3:Identifier}, toInt64(greatest(bitAnd(toUInt64(toUInt128(id)), 9007199254740991), 1)) AS {p4:Identifier}, is_identified AS {p5:Identifier}, last_seen_at AS {p6:Identifier}, coalesce(nullIf(prop.{p7:Identifier}, ''), nullIf(prop.{p8:Identifier}, ''), nullIf(prop.{p9:Identifier}, ''), if(empty(distinct_ids), NULL, distinct_ids[greatest(
indexOf(arrayMap(item -> match(item, {p10:String}), distinct_ids), 0), 1)]), toString(toInt64(greatest(bitAnd(toUInt64(toUInt128(id)), 9007199254740991), 1)))) AS {p11:Identifier}, properties AS {p12:Identifier}, 'person' AS {p13:Identifier}, toString(id) AS {p14:Identifier}, CAST(NULL, 'Nullable(String)') AS {p15:Identifier}, CAST(prop.{p16:Identifier}, 'Nullable(String)') AS {p17:Identifier}, if(empty(distinct_ids), NULL, distinct_ids[greatest(
indexOf(arrayMap(item -> match(item, {p18:String}), distinct_ids), 0), 1)]) AS {p19:Identifier}, if(length(distinct_ids) < {p20:UInt32}, NULL, if(length(distinct_ids) < 2, distinct_ids, arrayConcat(
arrayFilter(item -> NOT match(item, {p21:String}), distinct_ids),
arrayFilter(item -> match(item, {p22:String}), distinct_ids)))[{p23:UInt32}]) AS {p24:Identifier}, CAST(prop.{p25:Identifier}, 'Nullable(String)') AS {p26:Identifier}, CAST(prop.{p27:Identifier}.:String, 'Nullable(String)') AS {p28:Identifier},  if((ifNull(match(prop.{p29:Identifier}, {p30:String}), false) OR ifNull(match(prop.{p31:Identifier}, {p32:String}), false) OR ifNull(match(prop.{p33:Identifier}, {p34:String}), false) OR ifNull(match(prop.{p35:Identifier}.:String, '^[\\[{]'), false)), properties, '') AS odd, if(odd = '', '', coalesce(if(empty(distinct_ids), NULL, distinct_ids[greatest(
indexOf(arrayMap(item -> match(item, {p36:String}), distinct_ids), 0), 1)]), toString(toInt64(greatest(bitAnd(toUInt64(toUInt128(id)), 9007199254740991), 1))))) AS unnamed, assumeNotNull((SELECT count() FROM persons FINAL WHERE (team_id = {p37:UInt32} AND created_at <= fromUnixTimestamp64Micro({p38:Int64}, 'UTC') AND (created_at, id) IN (
SELECT created_at, person_id FROM distinct_ids WHERE team_id = {p39:UInt32} AND distinct_id IN {p40:Array(String)})
AND arrayExists(one -> one IN {p41:Array(String)}, distinct_ids)))) AS total, toUInt64(0) AS others
FROM persons FINAL
WHERE ((team_id = {p42:UInt32} AND created_at <= fromUnixTimestamp64Micro({p43:Int64}, 'UTC') AND (created_at, id) IN (
SELECT created_at, person_id FROM distinct_ids WHERE team_id = {p44:UInt32} AND distinct_id IN {p45:Array(String)})
AND arrayExists(one -> one IN {p46:Array(String)}, distinct_ids)))
ORDER BY created_at DESC, id DESC

SETTINGS max_block_size = 8192)
