-- mutations.stop
-- p0 = 'house'
-- p1 = 'persons'
-- p2 = 'mutation_5.txt'
KILL MUTATION
WHERE database = {p0:String} AND table = {p1:String} AND mutation_id = {p2:String}
