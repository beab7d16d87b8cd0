-- events.hidden
-- p0 = 7
-- p1 = ['ann', 'bob']
SELECT distinct_id, max(event_deletions.until) AS until
FROM event_deletions
WHERE team_id = {p0:UInt32} AND distinct_id IN {p1:Array(String)}
GROUP BY distinct_id
