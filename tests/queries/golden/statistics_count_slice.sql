-- statistics.count_slice
-- p0 = 'all_1_8_1'
-- p1 = 3
-- p2 = 200
-- p3 = 200
-- p4 = '^-?(?:0|[1-9][0-9]{0,14})(?:[.][0-9]{1,15})?$'
-- p5 = 200
-- p6 = '^"-?[0-9]{19,}"$'
-- p7 = '"(?:[^"\\\\]|\\\\.)*"|-?[0-9][0-9.eE+-]*|[^"0-9-]+|-'
-- p8 = 'all_1_8_1'
-- p9 = 3000
-- p10 = 4000
-- p11 = 19
INSERT INTO property_statistics
SELECT team_id, {p0:String}, {p1:UInt32}, * EXCEPT (team_id) FROM (
SELECT team_id, key, persons, texts, numbers, booleans, nulls, lists, objects, rough,
uniques, arrayFilter((one, n) -> is_whole OR n > 1, most.1, most.2) AS values,
arrayFilter(n -> is_whole OR n > 1, most.2) AS counts,
toBool(length(most) < {p2:UInt32}) AS is_whole, first_us, last_us
FROM (
SELECT team_id, key, count() AS persons, countIf(kind = '"') AS texts,
countIf(kind NOT IN ('"', 't', 'f', 'n', '[', '{')) AS numbers,
countIf(kind IN ('t', 'f')) AS booleans, countIf(kind = 'n') AS nulls,
countIf(kind = '[') AS lists, countIf(kind = '{') AS objects,
countIf(
is_rough OR kind IN ('[', '{') OR lengthUTF8(text) > {p3:UInt32}
OR (kind NOT IN ('"', 't', 'f', 'n') AND NOT match(text, {p4:String}))
) AS rough,
uniqCombined64StateIf(14)(text, kind != 'n') AS uniques,
approx_top_kIf(200, 200)(leftUTF8(text, {p5:UInt32}), kind != 'n') AS most,
min(toUnixTimestamp64Micro(created_at)) AS first_us, max(version) AS last_us
FROM (
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
one -> length(one.2) > 20 AND match(one.2, {p6:String}), read
) AS is_rough,
if(is_rough, JSONExtractKeysAndValuesRaw(arrayStringConcat(
arrayMap(one -> if(match(one, '^-?[0-9]'), '0', one),
extractAll(if(is_rough, properties, ''), {p7:String})))), read
) AS pairs
FROM (
SELECT team_id, created_at, version, properties,
JSONExtractKeysAndValuesRaw(properties) AS read
FROM (
SELECT team_id, created_at, version, properties FROM persons
WHERE _part = {p8:String} AND is_deleted = 0
AND _part_offset >= {p9:UInt64} AND _part_offset < {p10:UInt64}))))
ARRAY JOIN arrayConcat(each, [('\xFF', 'null')]) AS pair
)
GROUP BY team_id, key)
)
SETTINGS max_threads = 1, os_threads_nice_value_query = {p11:UInt64},
max_bytes_before_external_group_by = 500000000
