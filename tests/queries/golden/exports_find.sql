-- exports.find
-- p0 = 7
-- p1 = '00000000-0000-0000-0000-000000000005'
SELECT team_id, id, toUnixTimestamp64Micro(created_at) AS created_us, state, node, directory, ask, total, parts AS written, seconds, error, version FROM exports FINAL WHERE team_id = {p0:UInt32} AND id = {p1:UUID} AND state != 'deleted' ORDER BY exports.created_at DESC, id
