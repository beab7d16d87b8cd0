-- removal.name_events
-- p0 = 1700000000000000
-- p1 = 7
-- p2 = 1700000000000000
-- p3 = 'erased'
-- p4 = 1700000000000000
-- p5 = 'erased'
INSERT INTO removing (round, kind, distinct_id, version)
SELECT {p0:UInt64}, 'event', event.distinct_id, event.version
FROM (
SELECT DISTINCT distinct_id, version FROM events
WHERE team_id = {p1:UInt32} AND distinct_id IN (SELECT distinct_id FROM (SELECT * FROM removing WHERE round = {p2:UInt64} AND kind = {p3:String}))) AS event
INNER JOIN (
SELECT distinct_id, max(version) AS until FROM (SELECT * FROM removing WHERE round = {p4:UInt64} AND kind = {p5:String}) GROUP BY distinct_id) AS erased
ON event.distinct_id = erased.distinct_id
WHERE event.version <= erased.until
