-- parts.count
-- p0 = 'persons'
SELECT count() AS parts, sum(rows) AS rows FROM system.parts
WHERE database = currentDatabase() AND table = {p0:String} AND active
