-- persons.parts
SELECT name, rows, min_block_number AS first, max_block_number AS last
FROM system.parts
WHERE active AND database = currentDatabase() AND table = 'persons'
