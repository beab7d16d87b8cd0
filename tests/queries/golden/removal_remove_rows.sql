-- removal.remove_rows
-- p0 = 7
-- p1 = 1700000000000000
-- p2 = 'row'
ALTER TABLE persons DELETE WHERE team_id = {p0:UInt32} AND is_deleted = 0 AND (created_at, id, version) IN (
SELECT created_at, person_id, version FROM (SELECT * FROM removing WHERE round = {p1:UInt64} AND kind = {p2:String})) SETTINGS mutations_sync = 0
