-- statistics.sum
-- p0 = 200
-- p1 = 200
-- p2 = 7
-- p3 = ['all_1_8_1', 'all_9_9_0']
SELECT if(is_total, '', sought) AS key, toBool(sought = '\xFF') AS is_total,
persons, texts, numbers, booleans, nulls, lists, objects, rough, distinct,
most.1 AS values, most.2 AS counts,
toBool(are_whole AND length(added.1) < {p0:UInt32}) AS is_whole, first_us, last_us
FROM (
SELECT key AS sought, sum(one.persons) AS persons, sum(one.texts) AS texts,
sum(one.numbers) AS numbers, sum(one.booleans) AS booleans,
sum(one.nulls) AS nulls, sum(one.lists) AS lists, sum(one.objects) AS objects,
sum(one.rough) AS rough, uniqCombined64Merge(14)(one.uniques) AS distinct,
sumMap(one.values, one.counts) AS added, min(one.is_whole) AS are_whole,
arraySlice(arrayReverseSort(
pair -> (pair.2, pair.1), arrayZip(added.1, added.2)), 1, {p1:UInt32}) AS most,
min(one.first_us) AS first_us, max(one.last_us) AS last_us
FROM (
SELECT * FROM property_statistics FINAL
WHERE team_id = {p2:UInt32} AND part IN {p3:Array(String)}) AS one
GROUP BY key)
