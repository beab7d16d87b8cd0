-- statistics.note_slice
-- p0 = 'all_1_8_1'
-- p1 = 3
INSERT INTO property_statistics (team_id, part, slice) SELECT 0, {p0:String}, {p1:UInt32}
