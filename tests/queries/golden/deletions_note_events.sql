-- deletions.note_events
-- p0 = 7
-- p1 = False
-- p2 = 1700000000000001
-- p3 = 7
-- p4 = 7
-- p5 = [5]
-- p6 = ['00000000-0000-0000-0000-000000000005']
INSERT INTO event_deletions (team_id, distinct_id, until, person_id, tombstone)
SELECT {p0:UInt32}, distinct_id, last, id, if({p1:Bool}, 0, last)
FROM (
SELECT id, distinct_ids, greatest({p2:UInt64}, version + 1) AS last
FROM persons FINAL
PREWHERE team_id = {p3:UInt32} AND (created_at, id) IN (
SELECT created_at, id FROM person_keys
WHERE team_id = {p4:UInt32} AND number IN {p5:Array(UInt64)} AND id IN {p6:Array(UUID)}))
ARRAY JOIN distinct_ids AS distinct_id
