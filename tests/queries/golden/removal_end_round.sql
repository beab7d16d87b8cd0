-- removal.end_round
-- p0 = 1700000000000000
ALTER TABLE removing DROP PARTITION {p0:UInt64}
