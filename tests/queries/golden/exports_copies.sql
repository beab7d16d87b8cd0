-- exports.copies
SELECT name FROM system.tables
WHERE database = currentDatabase() AND match(name, '^export_[0-9a-f]{32}$')
