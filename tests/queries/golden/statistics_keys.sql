-- statistics.keys
-- p0 = 7
-- p1 = ['all_1_8_1', 'all_9_9_0']
SELECT DISTINCT key FROM property_statistics
WHERE team_id = {p0:UInt32} AND part IN {p1:Array(String)} AND key != '\xFF'
