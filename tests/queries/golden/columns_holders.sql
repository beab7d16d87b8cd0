-- columns.holders
-- p0 = 7
-- p1 = 7
-- p2 = 12
-- p3 = 1000
-- p4 = 12
SELECT count() AS persons
FROM persons FINAL
PREWHERE team_id = {p0:UInt32} AND (created_at, id) IN (
SELECT created_at, id FROM persons
WHERE team_id = {p1:UInt32} AND is_deleted = 0 AND length(distinct_ids) = {p2:UInt64}
LIMIT {p3:UInt64})
WHERE length(distinct_ids) = {p4:UInt64}
