-- idempotency.find
-- p0 = 7
-- p1 = 'key'
-- p2 = 'again'
-- p3 = 1699913600000000
SELECT request_hash, status, etag, body
FROM idempotency FINAL
WHERE team_id = {p0:UInt32} AND key_id = {p1:String} AND key = {p2:String}
AND created_at > fromUnixTimestamp64Micro({p3:Int64}, 'UTC')
