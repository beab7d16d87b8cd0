-- columns.sizes
-- p0 = 7
-- p1 = 1700000000000000
SELECT count() AS persons, max(length(distinct_ids)) AS most_ids,
toUInt64(ifNotFinite(quantile(0.98)(length(distinct_ids)), 0)) AS usual_ids
FROM persons FINAL
WHERE (team_id = {p0:UInt32} AND created_at <= fromUnixTimestamp64Micro({p1:Int64}, 'UTC'))
