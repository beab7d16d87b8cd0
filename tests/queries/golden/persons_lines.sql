-- persons.lines
-- p0 = '^([a-z0-9]+-){4}[a-z0-9]+$'
-- p1 = '^([a-z0-9]+-){4}[a-z0-9]+$'
-- p2 = 'email'
-- p3 = 'name'
-- p4 = 'username'
-- p5 = 'company'
-- p6 = 'email'
-- p7 = 2
-- p8 = ['"true"', '"false"', '\\u006', '\\u007', '\\u0001']
-- p9 = ['company', 'email']
-- p10 = '^(false|-?0(\\.0+)?([eE][+-]?[0-9]+)?)$'
-- p11 = '\x01'
-- p12 = '[",\r\n]'
-- p13 = [1, 2]
-- p14 = [',', ',', ',', ',', ',', ',', '\x01', ',,', ',', ',', ',', '']
-- p15 = 7
-- p16 = 1700000000000000
-- p17 = 7
-- p18 = 1700000000000000
SELECT line, uuid, number, created, identified, seen, shown AS ids, rest AS properties,
created_us, uuid AS person, total
FROM (
SELECT
if(length(distinct_ids) < 2, distinct_ids, arrayConcat(
arrayFilter(item -> NOT match(item, {p0:String}), distinct_ids),
arrayFilter(item -> match(item, {p1:String}), distinct_ids))) AS ordered,
[ifNull(prop.{p2:Identifier}, ''), ifNull(prop.{p3:Identifier}, ''), ifNull(prop.{p4:Identifier}, '')] AS names,
CAST([prop.{p5:Identifier}.:String, prop.{p6:Identifier}], 'Array(Nullable(String))') AS held,
toString(id) AS uuid,
greatest(bitAnd(toUInt64(toUInt128(id)), 9007199254740991), 1) AS number,
concat(replaceOne(replaceOne(toString(created_at), '.000000', ''), ' ', 'T'), 'Z') AS created,
if(is_identified, 'True', 'False') AS identified,
ifNull(concat(replaceOne(replaceOne(toString(last_seen_at), '.000000', ''), ' ', 'T'), 'Z'), '') AS seen,
(
(position(properties, '[') = 0 AND countSubstrings(properties, '{') = 1)
AND length(distinct_ids) <= {p7:UInt32}
AND NOT multiSearchAny(properties, {p8:Array(String)})
AND NOT arrayExists(
key -> key NOT IN {p9:Array(String)}, JSONExtractKeys(properties) AS keys)
AND (length(properties) = 2 OR notEmpty(keys))
AND length(keys) - arrayCount(text -> isNotNull(text), held)
<= countSubstrings(properties, 'null')
AND NOT arrayExists(name -> match(name, {p10:String}), names)
AND position(arrayStringConcat(distinct_ids), {p11:String}) = 0) AS plain,
if(plain, arrayStringConcat(arrayMap(
(cell, gap) -> concat(
if(match(cell, {p12:String}), concat('"', replaceAll(cell, '"', '""'), '"'), cell), gap),
arrayMap(cell -> cell, arrayConcat(
[created],
arrayMap(n -> ordered[n], {p13:Array(UInt32)}),
[
toString(number),
identified,
seen,
multiIf(
names[1] != '', names[1],
names[2] != '', names[2],
names[3] != '', names[3],
notEmpty(ordered), ordered[1],
toString(number))
],
arrayMap(
text -> multiIf(
isNull(text), '',
text = 'true', 'True',
text = 'false', 'False',
assumeNotNull(text)),
held),
['person', uuid, ''])),
{p14:Array(String)})), '') AS line,
if(plain, [], ordered) AS shown,
if(plain, '', properties) AS rest,
toInt64(0) AS created_us,
assumeNotNull((SELECT count() FROM persons FINAL WHERE (team_id = {p15:UInt32} AND created_at <= fromUnixTimestamp64Micro({p16:Int64}, 'UTC')))) AS total
FROM persons FINAL
WHERE ((team_id = {p17:UInt32} AND created_at <= fromUnixTimestamp64Micro({p18:Int64}, 'UTC')))
ORDER BY created_at DESC, id DESC

SETTINGS max_block_size = 4096)
