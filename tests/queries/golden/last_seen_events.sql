-- last_seen.events
-- p0 = 7
-- p1 = ['a', 'b']
-- p2 = 7
SELECT distinct_id, toUnixTimestamp64Micro(max(timestamp)) AS at_us
FROM (
SELECT distinct_id, timestamp, version FROM events
WHERE team_id = {p0:UInt32} AND distinct_id IN {p1:Array(String)}) AS event
LEFT JOIN (
SELECT distinct_id, max(event_deletions.until) AS until
FROM event_deletions WHERE team_id = {p2:UInt32} GROUP BY distinct_id) AS hidden
ON event.distinct_id = hidden.distinct_id
WHERE event.version > hidden.until
GROUP BY distinct_id
