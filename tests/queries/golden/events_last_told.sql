-- events.last_told
-- p0 = 7
-- p1 = ['a']
-- p2 = 0
-- p3 = 9
-- p4 = '{}'
SELECT toUnixTimestamp64Micro(timestamp) AS at_us, person_properties AS properties
FROM events FINAL
PREWHERE (team_id = {p0:UInt32} AND distinct_id IN {p1:Array(String)} AND timestamp >= fromUnixTimestamp64Micro({p2:Int64}, 'UTC') AND timestamp <= fromUnixTimestamp64Micro({p3:Int64}, 'UTC'))
WHERE person_properties != {p4:String} AND true
ORDER BY timestamp DESC, arrived DESC, uuid DESC
LIMIT 1
