-- statistics.other_keys
-- p0 = '^"-?[0-9]{19,}"$'
-- p1 = '"(?:[^"\\\\]|\\\\.)*"|-?[0-9][0-9.eE+-]*|[^"0-9-]+|-'
-- p2 = 7
-- p3 = ['all_1_8_1', 'all_9_9_0']
SELECT DISTINCT key FROM (
SELECT team_id, created_at, version, is_rough, pair.1 AS key,
substring(pair.2, 1, 1) AS kind,
multiIf(
kind != '"', pair.2,
position(pair.2, '\\') = 0,
substring(pair.2, 2, length(pair.2) - 2),
JSONExtractString(pair.2)) AS text
FROM (
SELECT team_id, created_at, version, is_rough,
length(arrayDistinct(pairs.1)) != length(pairs) AS is_twice,
if(is_twice, pairs, []) AS twice,
if(is_twice, arrayFilter(
(one, n) -> n = length(twice) + 1
- indexOf(arrayReverse(twice.1), one.1),
twice, arrayEnumerate(twice)), pairs) AS each
FROM (
SELECT team_id, created_at, version,
(empty(read) AND position(properties, '"') > 0) OR arrayExists(
one -> length(one.2) > 20 AND match(one.2, {p0:String}), read
) AS is_rough,
if(is_rough, JSONExtractKeysAndValuesRaw(arrayStringConcat(
arrayMap(one -> if(match(one, '^-?[0-9]'), '0', one),
extractAll(if(is_rough, properties, ''), {p1:String})))), read
) AS pairs
FROM (
SELECT team_id, created_at, version, properties,
JSONExtractKeysAndValuesRaw(properties) AS read
FROM (
SELECT team_id, created_at, version, properties FROM persons
WHERE team_id = {p2:UInt32} AND NOT (_part IN {p3:Array(String)})))))
ARRAY JOIN arrayConcat(each, [('\xFF', 'null')]) AS pair
) WHERE key != '\xFF'
