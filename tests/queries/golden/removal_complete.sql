-- removal.complete
-- p0 = 7
-- p1 = 1700000000000001
-- p2 = 7
-- p3 = 1700000000000000
-- p4 = 'person'
-- p5 = 7
-- p6 = 1700000000000000
-- p7 = 'person'
-- p8 = 1700000000000000
-- p9 = 'person'
-- p10 = 7
INSERT INTO deletions (
team_id, created_at, person_id, person_number, tombstone, verified_at, version)
SELECT {p0:UInt32}, deletion.created_at, deletion.person_id, deletion.person_number,
deletion.tombstone, fromUnixTimestamp64Micro({p1:Int64}, 'UTC'), deletion.version + 1
FROM (
SELECT created_at, person_id, person_number, tombstone, version
FROM deletions FINAL
WHERE team_id = {p2:UInt32} AND verified_at IS NULL) AS deletion
INNER JOIN (SELECT person_id, version FROM (SELECT * FROM removing WHERE round = {p3:UInt64} AND kind = {p4:String})) AS person
ON deletion.person_id = person.person_id
WHERE deletion.tombstone <= person.version AND deletion.person_id NOT IN (
SELECT old.id
FROM (
SELECT id, version FROM persons
WHERE team_id = {p5:UInt32} AND is_deleted = 0 AND id IN (SELECT person_id FROM (SELECT * FROM removing WHERE round = {p6:UInt64} AND kind = {p7:String}))
SETTINGS apply_deleted_mask = 0) AS old
INNER JOIN (SELECT person_id, version FROM (SELECT * FROM removing WHERE round = {p8:UInt64} AND kind = {p9:String})) AS gone
ON old.id = gone.person_id
WHERE old.version < gone.version)
AND deletion.person_id NOT IN (
SELECT person_id FROM event_deletions WHERE team_id = {p10:UInt32} AND tombstone > 0)
