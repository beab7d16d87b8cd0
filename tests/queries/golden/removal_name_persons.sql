-- removal.name_persons
-- p0 = 1700000000000000
-- p1 = 7
-- p2 = 100000
INSERT INTO removing (round, kind, person_id, person_number, version)
SELECT {p0:UInt64}, 'person', person_id, any(person_number), max(tombstone)
FROM deletions FINAL
WHERE team_id = {p1:UInt32} AND verified_at IS NULL
GROUP BY person_id ORDER BY min(created_at) LIMIT {p2:UInt32}
