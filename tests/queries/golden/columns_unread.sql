-- columns.unread
-- p0 = 7
-- p1 = 1700000000000000
SELECT DISTINCT '' AS name, true AS whole, properties AS json
FROM persons FINAL
WHERE (team_id = {p0:UInt32} AND created_at <= fromUnixTimestamp64Micro({p1:Int64}, 'UTC')) AND (position(properties, '[') = 0 AND countSubstrings(properties, '{') = 1) AND (length(properties) > 2 AND empty(JSONExtractKeys(properties)))
