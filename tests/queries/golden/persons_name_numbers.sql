-- persons.name_numbers
-- p0 = 7
-- p1 = [123456, 9007199254740991]
SELECT DISTINCT number, id AS uuid FROM person_keys
WHERE team_id = {p0:UInt32} AND number IN {p1:Array(UInt64)}
