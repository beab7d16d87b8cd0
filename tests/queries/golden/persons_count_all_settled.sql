-- persons.count
-- p0 = 7
-- p1 = 1700000000000000
-- p2 = ['all_1_9_2']
-- p3 = 7
-- p4 = 1700000000000000
-- p5 = ['all_1_9_2']
SELECT sum(found) AS persons FROM (
SELECT count() AS found FROM persons WHERE ((team_id = {p0:UInt32} AND created_at <= fromUnixTimestamp64Micro({p1:Int64}, 'UTC')) AND (_part IN {p2:Array(String)}))
UNION ALL
SELECT count() AS found FROM persons FINAL WHERE ((team_id = {p3:UInt32} AND created_at <= fromUnixTimestamp64Micro({p4:Int64}, 'UTC')) AND NOT (_part IN {p5:Array(String)}))
)
