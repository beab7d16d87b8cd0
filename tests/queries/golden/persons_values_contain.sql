-- persons.values
-- p0 = 'company'
-- p1 = 7
-- p2 = 1700000000000000
-- p3 = 'inc'
-- p4 = 20
SELECT assumeNotNull(value) AS name, count() AS count
FROM (SELECT prop.{p0:Identifier}.:String AS value FROM persons FINAL WHERE (team_id = {p1:UInt32} AND created_at <= fromUnixTimestamp64Micro({p2:Int64}, 'UTC')))
WHERE isNotNull(value) AND value != '' AND position(if(isValidASCII(value), lower(value), caseFoldUTF8(value)), {p3:String}) > 0
GROUP BY value
ORDER BY count DESC, name
LIMIT {p4:UInt64}
