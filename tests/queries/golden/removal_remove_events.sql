-- removal.remove_events
-- p0 = 7
-- p1 = 1700000000000000
-- p2 = 'event'
-- p3 = 1700000000000000
-- p4 = 'event'
ALTER TABLE events DELETE WHERE team_id = {p0:UInt32} AND distinct_id IN (SELECT distinct_id FROM (SELECT * FROM removing WHERE round = {p1:UInt64} AND kind = {p2:String}))
AND (distinct_id, version) IN (SELECT distinct_id, version FROM (SELECT * FROM removing WHERE round = {p3:UInt64} AND kind = {p4:String})) SETTINGS mutations_sync = 0
