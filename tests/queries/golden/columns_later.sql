-- columns.later
-- p0 = 7
-- p1 = 1700000000000000
SELECT count() AS persons FROM (
SELECT 1 FROM persons
WHERE team_id = {p0:UInt32} AND created_at > fromUnixTimestamp64Micro({p1:Int64}, 'UTC') LIMIT 1)
