-- persons.distinct_id_values
-- p0 = 7
-- p1 = 'ann'
-- p2 = 20
SELECT name, 1 AS count
FROM (SELECT arrayJoin(distinct_ids) AS name FROM persons FINAL WHERE team_id = {p0:UInt32})
WHERE position(if(isValidASCII(name), lower(name), caseFoldUTF8(name)), {p1:String}) > 0
ORDER BY name
LIMIT {p2:UInt64}
