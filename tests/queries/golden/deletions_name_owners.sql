-- deletions.name_owners
-- p0 = 7
-- p1 = ['ann', 'bob']
-- p2 = 7
-- p3 = ['ann', 'bob']
SELECT toString(id) AS uuid FROM persons FINAL PREWHERE (created_at, id) IN (
SELECT created_at, person_id FROM distinct_ids WHERE team_id = {p0:UInt32} AND distinct_id IN {p1:Array(String)})
WHERE team_id = {p2:UInt32} AND arrayExists(one -> one IN {p3:Array(String)}, distinct_ids)
