-- imports.lineages
-- p0 = 7
-- p1 = 7
-- p2 = 'staged_ids'
-- p3 = 7
-- p4 = 'staged_uuids'
SELECT toString(id) AS uuid,
toUnixTimestamp64Micro(created_at) AS created_us, is_identified,
NULL AS last_seen_us, [] AS ids, '' AS properties, version, source_version,
CAST(is_deleted, 'Bool') AS is_deleted, write_id, write_ids
FROM persons
WHERE team_id = {p0:UInt32} AND (created_at, id) IN (
SELECT created_at, person_id FROM distinct_ids
WHERE team_id = {p1:UInt32} AND distinct_id IN (SELECT distinct_id FROM {p2:Identifier})
UNION ALL
SELECT created_at, id FROM person_keys
WHERE team_id = {p3:UInt32} AND (number, id) IN (SELECT number, id FROM {p4:Identifier}))
ORDER BY version DESC
LIMIT 1 BY created_at, id
