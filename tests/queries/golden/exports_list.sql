-- exports.list
-- p0 = 7
SELECT team_id, id, toUnixTimestamp64Micro(created_at) AS created_us, state, node, directory, ask, total, parts AS written, seconds, error, version FROM exports FINAL WHERE team_id = {p0:UInt32} AND state != 'deleted' ORDER BY exports.created_at DESC, id
