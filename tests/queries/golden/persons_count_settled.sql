-- persons.count
-- p0 = 7
-- p1 = ['all_1_8_1', 'all_9_9_0']
-- p2 = 7
-- p3 = ['all_1_8_1', 'all_9_9_0']
-- p4 = 7
-- p5 = 1700000000000000
-- p6 = ['all_1_8_1', 'all_9_9_0']
SELECT sum(found) AS persons FROM (
SELECT count() AS found FROM persons WHERE ((team_id = {p0:UInt32}) AND (_part IN {p1:Array(String)}) AND is_deleted = 0 AND (created_at, id) NOT IN (SELECT created_at, id FROM persons WHERE team_id = {p2:UInt32} AND NOT (_part IN {p3:Array(String)})))
UNION ALL
SELECT count() AS found FROM persons FINAL WHERE ((team_id = {p4:UInt32} AND created_at <= fromUnixTimestamp64Micro({p5:Int64}, 'UTC')) AND NOT (_part IN {p6:Array(String)}))
)
