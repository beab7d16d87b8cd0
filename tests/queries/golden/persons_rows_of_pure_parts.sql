-- persons.rows
-- p0 = 'email'
-- p1 = 'name'
-- p2 = 'username'
-- p3 = '^([a-z0-9]+-){4}[a-z0-9]+$'
-- p4 = 'c0'
-- p5 = 'plan'
-- p6 = 'c1'
-- p7 = 'is'
-- p8 = 'c2'
-- p9 = 'mixed'
-- p10 = 'c3'
-- p11 = 'a%2Eb'
-- p12 = 'c4'
-- p13 = 'gone%2Eb'
-- p14 = 'c5'
-- p15 = 'name'
-- p16 = '^((false|-?0(\\.0+)?([eE][+-]?[0-9]+)?)$|[\\[{])'
-- p17 = 'mixed'
-- p18 = ['"true"', '"false"', '\\u006', '\\u007']
-- p19 = 'a'
-- p20 = '^([a-z0-9]+-){4}[a-z0-9]+$'
-- p21 = 7
-- p22 = ['all_1_8_1']
-- p23 = 7
-- p24 = ['all_1_8_1']
-- p25 = 7
-- p26 = ['all_1_8_1']
-- p27 = 7
-- p28 = 1000
-- p29 = ['all_1_8_1']
-- p30 = 7
-- p31 = ['all_1_8_1']
-- p32 = 7
-- p33 = 1000
SELECT * FROM (
SELECT coalesce(nullIf(prop.{p0:Identifier}, ''), nullIf(prop.{p1:Identifier}, ''), nullIf(prop.{p2:Identifier}, ''), if(empty(distinct_ids), NULL, distinct_ids[greatest(
indexOf(arrayMap(item -> match(item, {p3:String}), distinct_ids), 0), 1)]), toString(toInt64(greatest(bitAnd(toUInt64(toUInt128(id)), 9007199254740991), 1)))) AS {p4:Identifier}, nullIf(CAST(prop.{p5:Identifier}, 'Nullable(String)'), '') AS {p6:Identifier}, CAST(transform(CAST(prop.{p7:Identifier}.:String, 'Nullable(String)'), ['', 'true', 'false'], [NULL, 'True', 'False']), 'Nullable(String)') AS {p8:Identifier}, CAST(transform(CAST(prop.{p9:Identifier}.:String, 'Nullable(String)'), ['', 'true', 'false'], [NULL, 'True', 'False']), 'Nullable(String)') AS {p10:Identifier}, nullIf(CAST(prop.{p11:Identifier}.:String, 'Nullable(String)'), '') AS {p12:Identifier}, nullIf(CAST(prop.{p13:Identifier}.:String, 'Nullable(String)'), '') AS {p14:Identifier},  if((ifNull(match(prop.{p15:Identifier}, {p16:String}), false) OR ((ifNull(prop.{p17:Identifier}.:String IN ('true', 'false'), false)) AND multiSearchAny(properties, {p18:Array(String)})) OR ifNull(match(prop.{p19:Identifier}.:String, '^[\\[{]'), false)), properties, '') AS odd, if(odd = '', '', coalesce(if(empty(distinct_ids), NULL, distinct_ids[greatest(
indexOf(arrayMap(item -> match(item, {p20:String}), distinct_ids), 0), 1)]), toString(toInt64(greatest(bitAnd(toUInt64(toUInt128(id)), 9007199254740991), 1))))) AS unnamed, toUInt64(
assumeNotNull((SELECT count() FROM persons WHERE ((team_id = {p21:UInt32}) AND (_part IN {p22:Array(String)}))))
- assumeNotNull((
SELECT count() FROM persons WHERE ((team_id = {p23:UInt32}) AND (_part IN {p24:Array(String)})) AND (created_at, id) IN (
SELECT created_at, id FROM persons WHERE team_id = {p25:UInt32} AND NOT (_part IN {p26:Array(String)}))))
+ assumeNotNull((SELECT count() FROM persons FINAL WHERE ((team_id = {p27:UInt32} AND created_at <= fromUnixTimestamp64Micro({p28:Int64}, 'UTC')) AND NOT (_part IN {p29:Array(String)}))))) AS total, assumeNotNull((SELECT count() FROM (
SELECT 1 FROM persons WHERE team_id = {p30:UInt32} AND NOT (_part IN {p31:Array(String)}) LIMIT 1))) AS others
FROM persons FINAL
WHERE ((team_id = {p32:UInt32} AND created_at <= fromUnixTimestamp64Micro({p33:Int64}, 'UTC')))
ORDER BY created_at DESC, id DESC

SETTINGS max_block_size = 8192)
