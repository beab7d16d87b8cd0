-- removal.scrub_entries
-- p0 = '{"changes":null,"name":'
-- p1 = ',"short_id":null,"trigger":null,"type":null'
-- p2 = ',"property_keys":'
-- p3 = '}'
-- p4 = 7
-- p5 = 1700000000000000
-- p6 = 'entry'
ALTER TABLE activity UPDATE detail = concat(
{p0:String}, JSONExtractRaw(detail, 'name'), {p1:String},
if(empty(property_keys), '', concat({p2:String}, toJSONString(property_keys))), {p3:String})
WHERE team_id = {p4:UInt32} AND (created_at, id) IN (SELECT created_at, person_id FROM (SELECT * FROM removing WHERE round = {p5:UInt64} AND kind = {p6:String}))
SETTINGS mutations_sync = 0
