-- removal.name_rows
-- p0 = 1700000000000000
-- p1 = 7
-- p2 = 7
-- p3 = 1700000000000000
-- p4 = 'person'
-- p5 = 1700000000000000
-- p6 = 'id'
INSERT INTO removing (round, kind, person_id, created_at, version)
SELECT {p0:UInt64}, 'row', id, created_at, old
FROM (
SELECT id, created_at, max(version) AS newest,
groupUniqArrayIf(version, is_deleted = 0) AS held
FROM persons
WHERE team_id = {p1:UInt32} AND (created_at, id) IN (
SELECT created_at, id FROM person_keys
WHERE team_id = {p2:UInt32} AND (number, id) IN (
SELECT person_number, person_id FROM (SELECT * FROM removing WHERE round = {p3:UInt64} AND kind = {p4:String}))
UNION ALL
SELECT created_at, person_id FROM (SELECT * FROM removing WHERE round = {p5:UInt64} AND kind = {p6:String}))
GROUP BY created_at, id)
ARRAY JOIN arrayFilter(one -> one < newest, held) AS old
SETTINGS apply_deleted_mask = 0
