-- removal.name_ids
-- p0 = 1700000000000000
-- p1 = 1700000000000000
-- p2 = 7
-- p3 = 7
-- p4 = 1700000000000000
-- p5 = 'person'
INSERT INTO removing (round, kind, person_id, created_at, distinct_id, version)
SELECT DISTINCT {p0:UInt64}, 'id', person_id, created_at, distinct_id, {p1:UInt64}
FROM distinct_ids
WHERE team_id = {p2:UInt32} AND distinct_id IN (
SELECT distinct_id FROM distinct_ids
WHERE team_id = {p3:UInt32} AND person_id IN (SELECT person_id FROM (SELECT * FROM removing WHERE round = {p4:UInt64} AND kind = {p5:String})))
