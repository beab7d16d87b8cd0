-- removal.forget_history
-- p0 = 7
-- p1 = 1700000000000000
-- p2 = 'history'
ALTER TABLE history DELETE WHERE team_id = {p0:UInt32} AND (person_id, version) IN (SELECT person_id, version FROM (SELECT * FROM removing WHERE round = {p1:UInt64} AND kind = {p2:String})) SETTINGS mutations_sync = 0
