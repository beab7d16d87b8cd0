-- mutations.stop
-- p0 = 'persons'
-- p1 = 'mutation_5.txt'
KILL MUTATION
WHERE database = currentDatabase() AND table = {p0:String} AND mutation_id = {p1:String}
