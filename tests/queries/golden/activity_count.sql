-- activity.count
-- p0 = 7
SELECT count() AS entries FROM activity FINAL WHERE (team_id = {p0:UInt32})
