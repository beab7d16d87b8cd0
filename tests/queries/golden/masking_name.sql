-- masking.name
INSERT INTO superseded
SELECT arrayJoin(arraySlice(
arrayMap(row -> row.2, arraySort(groupArray((version, write_id)))), 1, -1))
FROM persons
GROUP BY team_id, created_at, id
HAVING count() > 1
SETTINGS optimize_aggregation_in_order = 1
