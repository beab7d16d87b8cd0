-- persons.newest
-- p0 = 7
-- p1 = 7
-- p2 = [5446352319364954, 5446352319364954]
-- p3 = ['b8c3e778-c1ea-5503-9f33-596db7513f5a', '0a1b2c3d-c1ea-5503-9f33-596db7513f5a']
SELECT toString(id) AS uuid, toUnixTimestamp64Micro(created_at) AS created_us,
is_identified, toUnixTimestamp64Micro(last_seen_at) AS last_seen_us,
distinct_ids AS ids, properties, version, source_version,
CAST(is_deleted, 'Bool') AS is_deleted, write_id, write_ids
FROM persons
WHERE team_id = {p0:UInt32} AND (created_at, id) IN (
SELECT created_at, id FROM person_keys
WHERE team_id = {p1:UInt32} AND number IN {p2:Array(UInt64)} AND id IN {p3:Array(UUID)})
ORDER BY version DESC
LIMIT 1 BY created_at, id
