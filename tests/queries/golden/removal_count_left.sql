-- removal.count_left
-- p0 = 7
-- p1 = 1700000000000000
-- p2 = 'row'
-- p3 = 7
-- p4 = 1700000000000000
-- p5 = 'entry'
-- p6 = 7
-- p7 = '"uuid":"([0-9a-f-]{36})"'
-- p8 = 1700000000000000
-- p9 = 'person'
-- p10 = 7
-- p11 = 1700000000000000
-- p12 = 'history'
-- p13 = 7
-- p14 = 1700000000000000
-- p15 = 'event'
-- p16 = 1700000000000000
-- p17 = 'event'
SELECT
(SELECT count() FROM persons WHERE team_id = {p0:UInt32} AND is_deleted = 0 AND (created_at, id, version) IN (
SELECT created_at, person_id, version FROM (SELECT * FROM removing WHERE round = {p1:UInt64} AND kind = {p2:String})) SETTINGS apply_deleted_mask = 0) AS rows,
(SELECT count() FROM activity WHERE team_id = {p3:UInt32} AND (created_at, id) IN (SELECT created_at, person_id FROM (SELECT * FROM removing WHERE round = {p4:UInt64} AND kind = {p5:String})) AND (JSONExtractRaw(detail, 'changes', 1, 'before') NOT IN ('', 'null')
OR JSONExtractRaw(detail, 'changes', 1, 'after') NOT IN ('', 'null'))) AS entries,
(SELECT count() FROM idempotency WHERE team_id = {p6:UInt32} AND toUUIDOrZero(extract(body, {p7:String})) IN (SELECT person_id FROM (SELECT * FROM removing WHERE round = {p8:UInt64} AND kind = {p9:String}))) AS answers,
(SELECT count() FROM history WHERE team_id = {p10:UInt32} AND (person_id, version) IN (SELECT person_id, version FROM (SELECT * FROM removing WHERE round = {p11:UInt64} AND kind = {p12:String}))) AS noted,
(SELECT count() FROM events WHERE team_id = {p13:UInt32} AND distinct_id IN (SELECT distinct_id FROM (SELECT * FROM removing WHERE round = {p14:UInt64} AND kind = {p15:String}))
AND (distinct_id, version) IN (SELECT distinct_id, version FROM (SELECT * FROM removing WHERE round = {p16:UInt64} AND kind = {p17:String})) SETTINGS apply_deleted_mask = 0) AS events
