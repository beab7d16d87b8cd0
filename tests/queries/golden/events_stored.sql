-- events.stored
-- p0 = 7
-- p1 = 'staged'
SELECT distinct_id, toUnixTimestamp64Micro(timestamp) AS at_us, toString(one) AS uuid,
newest.2 AS hash, newest.3 AS arrived, newest.1 AS version
FROM (
SELECT distinct_id, timestamp, uuid AS one, max((version, hash, arrived)) AS newest
FROM events
WHERE team_id = {p0:UInt32} AND (distinct_id, timestamp, uuid) IN (
SELECT distinct_id, timestamp, uuid FROM {p1:Identifier})
GROUP BY distinct_id, timestamp, uuid)
