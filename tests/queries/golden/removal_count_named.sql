-- removal.count_named
-- p0 = 1700000000000000
-- p1 = 'person'
SELECT count() AS persons FROM (SELECT * FROM removing WHERE round = {p0:UInt64} AND kind = {p1:String})
