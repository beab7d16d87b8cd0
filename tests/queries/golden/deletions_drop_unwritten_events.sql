-- deletions.drop_unwritten_events
-- p0 = 7
-- p1 = 7
ALTER TABLE event_deletions DELETE
WHERE team_id = {p0:UInt32} AND tombstone > 0 AND (person_id, tombstone) NOT IN (
SELECT person_id, tombstone FROM deletions FINAL WHERE team_id = {p1:UInt32})
SETTINGS mutations_sync = 1
