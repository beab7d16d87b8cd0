-- removal.count_left_ids
-- p0 = 7
-- p1 = 1700000000000000
-- p2 = 'free'
-- p3 = 7
-- p4 = 1700000000000000
-- p5 = 'id'
-- p6 = 1700000000000000
-- p7 = 'id'
SELECT count() AS links FROM distinct_ids
WHERE team_id = {p0:UInt32} AND (distinct_id, person_id, created_at) IN (
SELECT distinct_id, person_id, created_at FROM (SELECT * FROM removing WHERE round = {p1:UInt64} AND kind = {p2:String})) AND (created_at, person_id, distinct_id) NOT IN (
SELECT created_at, id, distinct_id
FROM (
SELECT created_at, id, distinct_ids FROM persons FINAL
WHERE team_id = {p3:UInt32} AND (created_at, id) IN (
SELECT created_at, person_id FROM (SELECT * FROM removing WHERE round = {p4:UInt64} AND kind = {p5:String})))
ARRAY JOIN distinct_ids AS distinct_id
WHERE distinct_id IN (SELECT distinct_id FROM (SELECT * FROM removing WHERE round = {p6:UInt64} AND kind = {p7:String})))
