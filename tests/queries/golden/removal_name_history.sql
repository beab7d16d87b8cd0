-- removal.name_history
-- p0 = 1700000000000000
-- p1 = 7
-- p2 = 1700000000000000
-- p3 = 1700000000000000
-- p4 = 7
-- p5 = 1700000000000000
-- p6 = 'id'
INSERT INTO removing (round, kind, person_id, version)
SELECT DISTINCT {p0:UInt64}, 'history', noted.person_id, noted.version
FROM (
SELECT person_id, version FROM history
WHERE team_id = {p1:UInt32} AND person_id IN (
SELECT person_id FROM removing
WHERE round = {p2:UInt64} AND kind IN ('person', 'id'))) AS noted
INNER JOIN (
SELECT person_id, min(version) AS until, max(kind = 'person') AS is_deleted
FROM removing
WHERE round = {p3:UInt64} AND kind IN ('person', 'id')
GROUP BY person_id) AS person
ON noted.person_id = person.person_id
WHERE noted.version <= person.until
AND (person.is_deleted OR noted.person_id NOT IN (
SELECT id FROM persons FINAL
WHERE team_id = {p4:UInt32} AND (created_at, id) IN (
SELECT created_at, person_id FROM (SELECT * FROM removing WHERE round = {p5:UInt64} AND kind = {p6:String}))))
