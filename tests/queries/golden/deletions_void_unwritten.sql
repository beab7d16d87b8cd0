-- deletions.void_unwritten
-- p0 = 7
-- p1 = 7
-- p2 = 1700000000000001
-- p3 = 7
-- p4 = 7
-- p5 = 7
-- p6 = 1700000000000001
INSERT INTO deletions (team_id, created_at, person_id, is_void, version)
SELECT {p0:UInt32}, deletion.created_at, deletion.person_id, 1, deletion.version + 1
FROM (
SELECT created_at, person_id, tombstone, version FROM deletions FINAL
WHERE team_id = {p1:UInt32} AND verified_at IS NULL
AND created_at < fromUnixTimestamp64Micro({p2:Int64}, 'UTC')) AS deletion
INNER JOIN (
SELECT id, max(version) AS newest FROM persons
WHERE team_id = {p3:UInt32} AND (created_at, id) IN (
SELECT created_at, id FROM person_keys
WHERE team_id = {p4:UInt32} AND (number, id) IN (
SELECT person_number, person_id FROM deletions FINAL WHERE team_id = {p5:UInt32} AND verified_at IS NULL
AND created_at < fromUnixTimestamp64Micro({p6:Int64}, 'UTC')))
GROUP BY id) AS person
ON deletion.person_id = person.id
WHERE person.newest < deletion.tombstone
