-- activity.count
-- p0 = 7
-- p1 = 7
-- p2 = 'b8c3e778-c1ea-5503-9f33-596db7513f5a'
SELECT count() AS entries FROM activity FINAL WHERE (team_id = {p0:UInt32} AND (created_at, id) IN (
SELECT created_at, id FROM activity WHERE team_id = {p1:UInt32} AND person_id = {p2:UUID}))
