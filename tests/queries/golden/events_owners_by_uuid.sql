-- events.owners
-- p0 = 1000
-- p1 = 7
-- p2 = 7
-- p3 = 'b8c3e778-c1ea-5503-9f33-596db7513f5a'
-- p4 = 7
-- p5 = 5446352319364954
-- p6 = 'b8c3e778-c1ea-5503-9f33-596db7513f5a'
SELECT toString(id) AS uuid, if(length(distinct_ids) > {p0:UInt32}, [], distinct_ids) AS ids,
length(distinct_ids) AS count,
(SELECT count() FROM event_deletions WHERE team_id = {p1:UInt32}) AS hiding
FROM persons FINAL
PREWHERE team_id = {p2:UInt32} AND id = {p3:UUID} AND (created_at, id) IN (
SELECT created_at, id FROM person_keys WHERE team_id = {p4:UInt32} AND number = {p5:UInt64} AND id = {p6:UUID})
