-- persons.values
-- p0 = 'plan'
-- p1 = 7
-- p2 = 1700000000000000
-- p3 = 20
SELECT assumeNotNull(value) AS name, count() AS count
FROM (SELECT prop.{p0:Identifier} AS value FROM persons FINAL WHERE (team_id = {p1:UInt32} AND created_at <= fromUnixTimestamp64Micro({p2:Int64}, 'UTC')))
WHERE isNotNull(value) AND value != '' AND true
GROUP BY value
ORDER BY count DESC, name
LIMIT {p3:UInt64}
