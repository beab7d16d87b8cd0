-- removal.forget_erased
-- p0 = 7
-- p1 = 1700000000000000
-- p2 = 'erased'
ALTER TABLE event_deletions DELETE WHERE team_id = {p0:UInt32} AND (distinct_id, until, person_id) IN (
SELECT distinct_id, version, person_id FROM (SELECT * FROM removing WHERE round = {p1:UInt64} AND kind = {p2:String})) SETTINGS mutations_sync = 0
