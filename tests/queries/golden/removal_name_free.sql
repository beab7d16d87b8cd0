-- removal.name_free
-- p0 = 1700000000000000
-- p1 = 1700000000000000
-- p2 = 'id'
-- p3 = 7
-- p4 = 1700000000000000
-- p5 = 'id'
-- p6 = 1700000000000000
-- p7 = 'id'
INSERT INTO removing (round, kind, person_id, created_at, distinct_id)
SELECT {p0:UInt64}, 'free', person_id, created_at, distinct_id
FROM (SELECT * FROM removing WHERE round = {p1:UInt64} AND kind = {p2:String})
WHERE (created_at, person_id, distinct_id) NOT IN (
SELECT created_at, id, distinct_id
FROM (
SELECT created_at, id, distinct_ids FROM persons FINAL
WHERE team_id = {p3:UInt32} AND (created_at, id) IN (
SELECT created_at, person_id FROM (SELECT * FROM removing WHERE round = {p4:UInt64} AND kind = {p5:String})))
ARRAY JOIN distinct_ids AS distinct_id
WHERE distinct_id IN (SELECT distinct_id FROM (SELECT * FROM removing WHERE round = {p6:UInt64} AND kind = {p7:String})))
