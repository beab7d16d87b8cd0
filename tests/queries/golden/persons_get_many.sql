-- persons.get_many
-- p0 = 1000
-- p1 = 7
-- p2 = 7
-- p3 = [5446352319364954, 5446352319364954]
-- p4 = ['b8c3e778-c1ea-5503-9f33-596db7513f5a', '0a1b2c3d-c1ea-5503-9f33-596db7513f5a']
SELECT toString(id) AS uuid,
toUnixTimestamp64Micro(created_at) AS created_us, is_identified,
toUnixTimestamp64Micro(last_seen_at) AS last_seen_us, arraySlice(distinct_ids, 1, {p0:UInt32}) AS ids, properties, version
FROM persons FINAL
PREWHERE team_id = {p1:UInt32}
AND (created_at, id) IN (
SELECT created_at, id FROM person_keys
WHERE team_id = {p2:UInt32} AND number IN {p3:Array(UInt64)} AND id IN {p4:Array(UUID)})
