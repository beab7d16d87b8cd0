-- persons.newest_owners
-- p0 = 7
-- p1 = 7
-- p2 = ['ann', 'bob']
SELECT toString(id) AS uuid, toUnixTimestamp64Micro(created_at) AS created_us,
is_identified, toUnixTimestamp64Micro(last_seen_at) AS last_seen_us,
distinct_ids AS ids, properties, version, source_version,
CAST(is_deleted, 'Bool') AS is_deleted, write_id, write_ids
FROM persons
WHERE team_id = {p0:UInt32} AND (created_at, id) IN (
SELECT created_at, person_id FROM distinct_ids
WHERE team_id = {p1:UInt32} AND distinct_id IN {p2:Array(String)})
ORDER BY version DESC
LIMIT 1 BY created_at, id
