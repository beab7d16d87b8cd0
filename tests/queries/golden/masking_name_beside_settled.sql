-- masking.name
-- p0 = ['all_1_8_1', 'all_9_9_0']
INSERT INTO superseded
SELECT arrayJoin(arraySlice(
arrayMap(row -> row.2, arraySort(groupArray((version, write_id)))), 1, -1))
FROM persons
WHERE (team_id, created_at, id) IN (
SELECT team_id, created_at, id FROM persons WHERE _part NOT IN {p0:Array(String)})
GROUP BY team_id, created_at, id
HAVING count() > 1
SETTINGS optimize_aggregation_in_order = 1
