-- deletions.count
-- p0 = 7
-- p1 = 'b8c3e778-c1ea-5503-9f33-596db7513f5a'
SELECT count() AS deletions FROM deletions FINAL WHERE (team_id = {p0:UInt32} AND verified_at IS NULL AND person_id = {p1:UUID})
