-- history.marked
-- p0 = 7
-- p1 = 5
-- p2 = '00000000-0000-0000-0000-000000000005'
-- p3 = 9
SELECT write_id, version, follows FROM history FINAL
WHERE team_id = {p0:UInt32} AND person_number = {p1:UInt64} AND person_id = {p2:UUID} AND mark = {p3:UInt64}
