-- exports.count
-- p0 = 7
-- p1 = 1700000000000000
SELECT count() AS total FROM persons FINAL WHERE (team_id = {p0:UInt32} AND created_at <= fromUnixTimestamp64Micro({p1:Int64}, 'UTC'))
