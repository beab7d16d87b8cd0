-- columns.nested
-- p0 = '"(?:[^"\\\\]|\\\\.)*":?|-?[0-9][0-9.eE+-]*|[a-z]+|[^"]'
-- p1 = ['address', "it's"]
-- p2 = 'address'
-- p3 = 'it%27s'
-- p4 = 7
-- p5 = ['all_1_8_1']
-- p6 = 7
-- p7 = ['all_1_8_1']
-- p8 = ['address', "it's"]
-- p9 = 'address'
-- p10 = 'it%27s'
-- p11 = 7
-- p12 = 1700000000000000
-- p13 = ['all_1_8_1']
SELECT DISTINCT pair.1 AS key, arrayStringConcat(arrayMap(
token -> multiIf(
endsWith(token, '":'), token, match(token, '^["a-z0-9-]'), '0', token),
extractAll(pair.2, {p0:String}))) AS json
FROM (
SELECT arrayJoin(arrayFilter(pair -> match(pair.2, '^[[{]'), arrayZip({p1:Array(String)}, [ifNull(prop.{p2:Identifier}.:String, ''), ifNull(prop.{p3:Identifier}.:String, '')]))) AS pair FROM persons WHERE ((team_id = {p4:UInt32}) AND (_part IN {p5:Array(String)}) AND (created_at, id) NOT IN (SELECT created_at, id FROM persons WHERE team_id = {p6:UInt32} AND NOT (_part IN {p7:Array(String)})))
UNION ALL
SELECT arrayJoin(arrayFilter(pair -> match(pair.2, '^[[{]'), arrayZip({p8:Array(String)}, [ifNull(prop.{p9:Identifier}.:String, ''), ifNull(prop.{p10:Identifier}.:String, '')]))) AS pair FROM persons FINAL WHERE ((team_id = {p11:UInt32} AND created_at <= fromUnixTimestamp64Micro({p12:Int64}, 'UTC')) AND NOT (_part IN {p13:Array(String)}))
)
