-- deletions.name_owners
-- p0 = 7
-- p1 = 7
-- p2 = ['ann', 'bob']
-- p3 = ['ann', 'bob']
SELECT toString(id) AS uuid FROM persons FINAL WHERE team_id = {p0:UInt32} AND ((created_at, id) IN (
SELECT created_at, person_id FROM distinct_ids WHERE team_id = {p1:UInt32} AND distinct_id IN (SELECT arrayJoin(arrayConcat({p2:Array(String)}))))
AND arrayExists(one -> one IN (SELECT arrayJoin(arrayConcat({p3:Array(String)}))), distinct_ids))
