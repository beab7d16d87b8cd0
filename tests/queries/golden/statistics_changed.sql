-- statistics.changed
-- p0 = 7
-- p1 = ['all_1_8_1', 'all_9_9_0']
-- p2 = 7
-- p3 = ['all_1_8_1', 'all_9_9_0']
-- p4 = 7
-- p5 = 7
-- p6 = ['all_1_8_1', 'all_9_9_0']
SELECT -1 AS sign, properties, toUnixTimestamp64Micro(created_at) AS created_us, version
FROM persons PREWHERE team_id = {p0:UInt32} AND (_part IN {p1:Array(String)}) AND (created_at, id) IN (SELECT created_at, id FROM persons WHERE team_id = {p2:UInt32} AND NOT (_part IN {p3:Array(String)})) WHERE is_deleted = 0
UNION ALL
SELECT 1 AS sign, properties, toUnixTimestamp64Micro(created_at) AS created_us, version
FROM persons FINAL PREWHERE team_id = {p4:UInt32} AND (created_at, id) IN (SELECT created_at, id FROM persons WHERE team_id = {p5:UInt32} AND NOT (_part IN {p6:Array(String)}))
