-- statistics.counted
SELECT part, groupUniqArray(slice) AS slices
FROM property_statistics WHERE team_id = 0 GROUP BY part
