-- turns.get
-- p0 = 7
SELECT max(turns.version) AS version, argMax(turns.holder, turns.version) AS holder,
toUnixTimestamp64Micro(argMax(turns.ends_at, turns.version)) AS ends_us,
toUnixTimestamp64Micro(now64(6)) AS now_us
FROM turns
WHERE team_id = {p0:UInt32}
