-- removal.name_entries
-- p0 = 1700000000000000
-- p1 = 7
-- p2 = 1700000000000000
-- p3 = 7
-- p4 = 1700000000000000
-- p5 = 'id'
INSERT INTO removing (round, kind, person_id, created_at)
SELECT DISTINCT {p0:UInt64}, 'entry', entry.id, entry.created_at
FROM (
SELECT id, created_at, person_id, activity FROM activity
WHERE team_id = {p1:UInt32} AND (JSONExtractRaw(detail, 'changes', 1, 'before') NOT IN ('', 'null')
OR JSONExtractRaw(detail, 'changes', 1, 'after') NOT IN ('', 'null'))) AS entry
INNER JOIN (
SELECT person_id, min(version) AS until, max(kind = 'person') AS is_deleted
FROM removing
WHERE round = {p2:UInt64} AND kind IN ('person', 'id')
GROUP BY person_id) AS person
ON entry.person_id = person.person_id
WHERE toUnixTimestamp64Micro(entry.created_at) <= person.until
AND (person.is_deleted OR entry.activity IN ('split_person', 'people_merged_into')
OR entry.person_id NOT IN (
SELECT id FROM persons FINAL
WHERE team_id = {p3:UInt32} AND (created_at, id) IN (
SELECT created_at, person_id FROM (SELECT * FROM removing WHERE round = {p4:UInt64} AND kind = {p5:String}))))
