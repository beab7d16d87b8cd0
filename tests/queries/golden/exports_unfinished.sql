-- exports.unfinished
-- p0 = 'node'
SELECT team_id, id, toUnixTimestamp64Micro(created_at) AS created_us, state, node, directory, ask, total, parts AS written, seconds, error, version FROM exports FINAL WHERE node = {p0:String} AND state IN ('queued', 'running') ORDER BY exports.created_at DESC, id
