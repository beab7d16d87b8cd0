-- events.owners
-- p0 = 1000
-- p1 = 7
-- p2 = 7
-- p3 = 7
-- p4 = 123456
SELECT toString(id) AS uuid, if(length(distinct_ids) > {p0:UInt32}, [], distinct_ids) AS ids,
length(distinct_ids) AS count,
(SELECT count() FROM event_deletions WHERE team_id = {p1:UInt32}) AS hiding
FROM persons FINAL
PREWHERE team_id = {p2:UInt32} AND true AND (created_at, id) IN (
SELECT created_at, id FROM person_keys WHERE team_id = {p3:UInt32} AND number = {p4:UInt64} AND true)
