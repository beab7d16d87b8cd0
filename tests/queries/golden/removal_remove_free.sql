-- removal.remove_free
-- p0 = 7
-- p1 = 1700000000000000
-- p2 = 'free'
ALTER TABLE distinct_ids DELETE WHERE team_id = {p0:UInt32} AND (distinct_id, person_id, created_at) IN (
SELECT distinct_id, person_id, created_at FROM (SELECT * FROM removing WHERE round = {p1:UInt64} AND kind = {p2:String})) SETTINGS mutations_sync = 0
