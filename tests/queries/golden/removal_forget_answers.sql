-- removal.forget_answers
-- p0 = 7
-- p1 = '"uuid":"([0-9a-f-]{36})"'
-- p2 = 1700000000000000
-- p3 = 'person'
ALTER TABLE idempotency DELETE WHERE team_id = {p0:UInt32} AND toUUIDOrZero(extract(body, {p1:String})) IN (SELECT person_id FROM (SELECT * FROM removing WHERE round = {p2:UInt64} AND kind = {p3:String})) SETTINGS mutations_sync = 0
