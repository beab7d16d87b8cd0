-- columns.parts
-- p0 = 7
-- p1 = 1700000000000000
SELECT DISTINCT part.1 AS name, part.2 AS whole, part.3 AS json
FROM (
SELECT arrayJoin(if(
notEmpty(pairs) AND length(arrayDistinct(pairs.1)) = length(pairs),
arrayMap(
pair -> (
pair.1,
false,
if(startsWith(pair.2, '[') OR startsWith(pair.2, '{'), pair.2, '')),
pairs),
[('', true, properties)])) AS part
FROM (
SELECT properties, JSONExtractKeysAndValuesRaw(properties) AS pairs
FROM persons FINAL
WHERE (team_id = {p0:UInt32} AND created_at <= fromUnixTimestamp64Micro({p1:Int64}, 'UTC')) AND NOT (position(properties, '[') = 0 AND countSubstrings(properties, '{') = 1)
SETTINGS preferred_block_size_bytes = 16000000))
