-- statistics.drop_gone
ALTER TABLE property_statistics DELETE WHERE part NOT IN (
SELECT name FROM system.parts
WHERE active AND database = currentDatabase() AND table = 'persons')
SETTINGS mutations_sync = 0, allow_nondeterministic_mutations = 1
