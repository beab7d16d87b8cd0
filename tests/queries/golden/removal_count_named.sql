-- removal.count_named
-- p0 = 1700000000000000
SELECT countIf(kind = 'person') AS persons, countIf(kind = 'erased') AS erased FROM removing WHERE round = {p0:UInt64}
