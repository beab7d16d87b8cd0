-- last_seen.has_events
-- p0 = 7
SELECT toBool(count()) AS found
FROM (SELECT 1 FROM events WHERE team_id = {p0:UInt32} LIMIT 1)
