-- persons.count_candidates
-- p0 = 7
-- p1 = 1700000000000000
-- p2 = 7
-- p3 = 1700000000000000
SELECT count() AS persons
FROM persons FINAL
PREWHERE (created_at, id) IN (SELECT created_at, id FROM persons WHERE (team_id = {p0:UInt32} AND created_at <= fromUnixTimestamp64Micro({p1:Int64}, 'UTC')))
WHERE (team_id = {p2:UInt32} AND created_at <= fromUnixTimestamp64Micro({p3:Int64}, 'UTC'))
