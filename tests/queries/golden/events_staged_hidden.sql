-- events.staged_hidden
-- p0 = 7
-- p1 = 'staged'
SELECT distinct_id, max(event_deletions.until) AS until
FROM event_deletions
WHERE team_id = {p0:UInt32} AND distinct_id IN (SELECT distinct_id FROM {p1:Identifier})
GROUP BY distinct_id
