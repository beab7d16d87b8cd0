-- removal.name_erased
-- p0 = 1700000000000000
-- p1 = 7
-- p2 = 1000000
INSERT INTO removing (round, kind, person_id, distinct_id, version)
SELECT {p0:UInt64}, 'erased', person_id, distinct_id, until
FROM event_deletions WHERE team_id = {p1:UInt32}
ORDER BY until LIMIT {p2:UInt32}
