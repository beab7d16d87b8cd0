-- statistics.kinds
-- p0 = 7
-- p1 = ['all_1_8_1']
-- p2 = ['plan', "it's"]
SELECT key, sum(one.texts) AS texts, sum(one.numbers) AS numbers,
sum(one.booleans) AS booleans, sum(one.lists) + sum(one.objects) AS nested
FROM (
SELECT key, texts, numbers, booleans, lists, objects
FROM property_statistics FINAL
WHERE team_id = {p0:UInt32} AND part IN {p1:Array(String)} AND key IN {p2:Array(String)}) AS one
GROUP BY key
