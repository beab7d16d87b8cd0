-- removal.count_left_ids
-- p0 = 7
-- p1 = 1700000000000000
-- p2 = 'erased'
-- p3 = 7
-- p4 = 1700000000000000
-- p5 = 'free'
-- p6 = 7
-- p7 = 1700000000000000
-- p8 = 'id'
-- p9 = 1700000000000000
-- p10 = 'id'
SELECT count() AS links,
(SELECT count() FROM event_deletions WHERE team_id = {p0:UInt32} AND (distinct_id, until, person_id) IN (
SELECT distinct_id, version, person_id FROM (SELECT * FROM removing WHERE round = {p1:UInt64} AND kind = {p2:String}))) AS erased
FROM distinct_ids
WHERE team_id = {p3:UInt32} AND (distinct_id, person_id, created_at) IN (
SELECT distinct_id, person_id, created_at FROM (SELECT * FROM removing WHERE round = {p4:UInt64} AND kind = {p5:String})) AND (created_at, person_id, distinct_id) NOT IN (
SELECT created_at, id, distinct_id
FROM (
SELECT created_at, id, distinct_ids FROM persons FINAL
WHERE team_id = {p6:UInt32} AND (created_at, id) IN (
SELECT created_at, person_id FROM (SELECT * FROM removing WHERE round = {p7:UInt64} AND kind = {p8:String})))
ARRAY JOIN distinct_ids AS distinct_id
WHERE distinct_id IN (SELECT distinct_id FROM (SELECT * FROM removing WHERE round = {p9:UInt64} AND kind = {p10:String})))
