-- last_seen.staged
-- p0 = 'staged'
-- p1 = 'a'
-- p2 = 10
SELECT distinct_id, toUnixTimestamp64Micro(max(at)) AS at_us
FROM {p0:Identifier} WHERE distinct_id > {p1:String}
GROUP BY distinct_id ORDER BY distinct_id LIMIT {p2:UInt64}
