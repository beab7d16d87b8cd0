-- history.list
-- p0 = 7
-- p1 = 5
-- p2 = '00000000-0000-0000-0000-000000000005'
-- p3 = 9
-- p4 = 1
-- p5 = 500
SELECT version, write_id, follows, followed, source, key_id, key_label,
keys, before, after
FROM history FINAL
WHERE team_id = {p0:UInt32} AND person_number = {p1:UInt64} AND person_id = {p2:UUID}
AND version <= {p3:UInt64} AND version >= {p4:UInt64}
ORDER BY version DESC, write_id DESC
LIMIT {p5:UInt64}
