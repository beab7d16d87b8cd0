-- columns.ids
-- p0 = 7
SELECT length(distinct_ids) AS ids, count() AS versions
FROM persons WHERE team_id = {p0:UInt32} AND is_deleted = 0
GROUP BY ids ORDER BY ids DESC
