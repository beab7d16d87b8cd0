-- persons.oldest_elsewhere
-- p0 = ['all_1_8_1', 'all_9_9_0']
SELECT min(version) AS version FROM persons WHERE NOT (_part IN {p0:Array(String)})
