-- persons.values
-- p0 = 'plan'
-- p1 = 7
-- p2 = ['all_1_8_1', 'all_9_9_0']
-- p3 = 7
-- p4 = ['all_1_8_1', 'all_9_9_0']
-- p5 = 'plan'
-- p6 = 7
-- p7 = 1700000000000000
-- p8 = ['all_1_8_1', 'all_9_9_0']
-- p9 = 20
SELECT assumeNotNull(value) AS name, count() AS count
FROM (
SELECT prop.{p0:Identifier} AS value FROM persons WHERE ((team_id = {p1:UInt32}) AND (_part IN {p2:Array(String)}) AND is_deleted = 0 AND (created_at, id) NOT IN (SELECT created_at, id FROM persons WHERE team_id = {p3:UInt32} AND NOT (_part IN {p4:Array(String)})))
UNION ALL
SELECT prop.{p5:Identifier} AS value FROM persons FINAL WHERE ((team_id = {p6:UInt32} AND created_at <= fromUnixTimestamp64Micro({p7:Int64}, 'UTC')) AND NOT (_part IN {p8:Array(String)}))
)
WHERE isNotNull(value) AND value != '' AND true
GROUP BY value
ORDER BY count DESC, name
LIMIT {p9:UInt64}
