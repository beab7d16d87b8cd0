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
-- p16 = 'c10'
-- p17 = '^([a-z0-9]+-){4}[a-z0-9]+$'
-- p18 = 'c11'
-- p19 = 8
-- p20 = '^([a-z0-9]+-){4}[a-z0-9]+$'
-- p21 = '^([a-z0-9]+-){4}[a-z0-9]+$'
-- p22 = 8
-- p23 = 'c12'
-- p24 = 'c13'
-- p25 = 'c14'
-- p26 = '^([a-z0-9]+-){4}[a-z0-9]+$'
-- p27 = 7
-- p28 = 1700000000000000
-- p29 = 7
-- p30 = ['ann']
-- p31 = ['ann']
-- p32 = 7
-- p33 = 1700000000000000
-- p34 = 7
-- p35 = ['ann']
-- p36 = ['ann']
SELECT * FROM (
SELECT ifNull(concat('"', concat(replaceOne(replaceOne(toString(created_at), '.000000', ''), ' ', 'T'), 'Z'), '"'), 'null') AS {p0:Identifier}, toJSONString(if(length(distinct_ids) < 2, distinct_ids, arrayConcat(
arrayFilter(item -> NOT match(item, {p1:String}), distinct_ids),
arrayFilter(item -> match(item, {p2:String}), distinct_ids)))) AS {p3:Identifier}, toString(toInt64(greatest(bitAnd(toUInt64(toUInt128(id)), 9007199254740991), 1))) AS {p4:Identifier}, if(is_identified, 'true', 'false') AS {p5:Identifier}, ifNull(concat('"', concat(replaceOne(replaceOne(toString(last_seen_at), '.000000', ''), ' ', 'T'), 'Z'), '"'), 'null') AS {p6:Identifier}, ifNull(toJSONString(coalesce(nullIf(prop.{p7:Identifier}, ''), nullIf(prop.{p8:Identifier}, ''), nullIf(prop.{p9:Identifier}, ''), if(empty(distinct_ids), NULL, distinct_ids[greatest(
indexOf(arrayMap(item -> match(item, {p10:String}), distinct_ids), 0), 1)]), toString(toInt64(greatest(bitAnd(toUInt64(toUInt128(id)), 9007199254740991), 1))))), 'null') AS {p11:Identifier}, translate(properties, '\n\r', '  ') AS {p12:Identifier}, '"person"' AS {p13:Identifier}, concat('"', toString(id), '"') AS {p14:Identifier}, 'null' AS {p15:Identifier}, CAST(NULL, 'Nullable(String)') AS {p16:Identifier}, ifNull(toJSONString(if(empty(distinct_ids), NULL, distinct_ids[greatest(
indexOf(arrayMap(item -> match(item, {p17:String}), distinct_ids), 0), 1)])), 'null') AS {p18:Identifier}, ifNull(toJSONString(if(length(distinct_ids) < {p19:UInt32}, NULL, if(length(distinct_ids) < 2, distinct_ids, arrayConcat(
arrayFilter(item -> NOT match(item, {p20:String}), distinct_ids),
arrayFilter(item -> match(item, {p21:String}), distinct_ids)))[{p22:UInt32}])), 'null') AS {p23:Identifier}, CAST(NULL, 'Nullable(String)') AS {p24:Identifier}, CAST(NULL, 'Nullable(String)') AS {p25:Identifier},  properties AS odd, if(odd = '', '', coalesce(if(empty(distinct_ids), NULL, distinct_ids[greatest(
indexOf(arrayMap(item -> match(item, {p26:String}), distinct_ids), 0), 1)]), toString(toInt64(greatest(bitAnd(toUInt64(toUInt128(id)), 9007199254740991), 1))))) AS unnamed, assumeNotNull((SELECT count() FROM persons FINAL WHERE (team_id = {p27:UInt32} AND created_at <= fromUnixTimestamp64Micro({p28:Int64}, 'UTC') AND (created_at, id) IN (
SELECT created_at, person_id FROM distinct_ids WHERE team_id = {p29:UInt32} AND distinct_id IN {p30:Array(String)})
AND arrayExists(one -> one IN {p31:Array(String)}, distinct_ids)))) AS total, toUInt64(0) AS others
FROM persons FINAL
WHERE ((team_id = {p32:UInt32} AND created_at <= fromUnixTimestamp64Micro({p33:Int64}, 'UTC') AND (created_at, id) IN (
SELECT created_at, person_id FROM distinct_ids WHERE team_id = {p34:UInt32} AND distinct_id IN {p35:Array(String)})
AND arrayExists(one -> one IN {p36:Array(String)}, distinct_ids)))
ORDER BY created_at DESC, id DESC

SETTINGS max_block_size = 8192)
