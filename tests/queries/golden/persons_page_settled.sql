-- persons.settled_page
-- p0 = 1000
-- p1 = 7
-- p2 = 7
-- p3 = ['ann', 'bob']
-- p4 = ['ann', 'bob']
-- p5 = '%ann@example.com%'
-- p6 = 'ann@example.com'
-- p7 = '%ann%'
-- p8 = 'email'
-- p9 = 'email'
-- p10 = 'email'
-- p11 = ['@example.', '@example-']
-- p12 = 'plan'
-- p13 = ['pro', 'team']
-- p14 = 'sp%20ace%2Ed'
-- p15 = 'age'
-- p16 = 'age'
-- p17 = 18.0
-- p18 = 'version'
-- p19 = 'v2'
-- p20 = 'version'
-- p21 = '$os'
-- p22 = 'Linux'
-- p23 = 'left'
-- p24 = ['all_1_8_1', 'all_9_9_0']
-- p25 = 7
-- p26 = ['all_1_8_1', 'all_9_9_0']
-- p27 = 1600000000000001
-- p28 = 1600000000000001
-- p29 = 'b8c3e778-c1ea-5503-9f33-596db7513f5a'
-- p30 = 101
-- p31 = 1000
-- p32 = 7
-- p33 = 1700000000000000
-- p34 = 7
-- p35 = ['ann', 'bob']
-- p36 = ['ann', 'bob']
-- p37 = '%ann@example.com%'
-- p38 = 'ann@example.com'
-- p39 = '%ann%'
-- p40 = 'email'
-- p41 = 'email'
-- p42 = 'email'
-- p43 = ['@example.', '@example-']
-- p44 = 'plan'
-- p45 = ['pro', 'team']
-- p46 = 'sp%20ace%2Ed'
-- p47 = 'age'
-- p48 = 'age'
-- p49 = 18.0
-- p50 = 'version'
-- p51 = 'v2'
-- p52 = 'version'
-- p53 = '$os'
-- p54 = 'Linux'
-- p55 = 'left'
-- p56 = ['all_1_8_1', 'all_9_9_0']
-- p57 = 1600000000000001
-- p58 = 1600000000000001
-- p59 = 'b8c3e778-c1ea-5503-9f33-596db7513f5a'
-- p60 = 101
-- p61 = 101
SELECT * EXCEPT (created_at, id)
FROM (
SELECT toString(id) AS uuid,
toUnixTimestamp64Micro(created_at) AS created_us, is_identified,
toUnixTimestamp64Micro(last_seen_at) AS last_seen_us, arraySlice(distinct_ids, 1, {p0:UInt32}) AS ids, properties, version, created_at, id FROM persons WHERE (((team_id = {p1:UInt32} AND (created_at, id) IN (
SELECT created_at, person_id FROM distinct_ids WHERE team_id = {p2:UInt32} AND distinct_id IN {p3:Array(String)})
AND arrayExists(one -> one IN {p4:Array(String)}, distinct_ids) AND search LIKE {p5:String} AND ifNull(prop.email = {p6:String}, false) AND search LIKE {p7:String} AND (((ifNull(multiSearchAny(if(isValidASCII(prop.{p8:Identifier}), lower(prop.{p9:Identifier}), caseFoldUTF8(prop.{p10:Identifier})), {p11:Array(String)}), false)) OR ifNull(prop.{p12:Identifier} IN {p13:Array(String)}, false) OR isNotNull(prop.{p14:Identifier}.:String)) AND ifNull(if(isFinite(toFloat64OrNull(prop.{p15:Identifier}.:String)), toFloat64OrNull(prop.{p16:Identifier}.:String), NULL) >= {p17:Float64}, false) AND (ifNull(prop.{p18:Identifier}.:String < {p19:String}, false) AND prop.{p20:Identifier}.:String NOT IN ('true', 'false')) AND NOT ifNull(prop.{p21:Identifier} = {p22:String}, false) AND isNull(prop.{p23:Identifier}.:String))) AND (_part IN {p24:Array(String)}) AND is_deleted = 0 AND (created_at, id) NOT IN (SELECT created_at, id FROM persons WHERE team_id = {p25:UInt32} AND NOT (_part IN {p26:Array(String)}))) AND (created_at <= fromUnixTimestamp64Micro({p27:Int64}, 'UTC')
AND (created_at, id) < (fromUnixTimestamp64Micro({p28:Int64}, 'UTC'), {p29:UUID}))) ORDER BY created_at DESC, id DESC LIMIT {p30:UInt64}
UNION ALL
SELECT toString(id) AS uuid,
toUnixTimestamp64Micro(created_at) AS created_us, is_identified,
toUnixTimestamp64Micro(last_seen_at) AS last_seen_us, arraySlice(distinct_ids, 1, {p31:UInt32}) AS ids, properties, version, created_at, id FROM persons FINAL WHERE (((team_id = {p32:UInt32} AND created_at <= fromUnixTimestamp64Micro({p33:Int64}, 'UTC') AND (created_at, id) IN (
SELECT created_at, person_id FROM distinct_ids WHERE team_id = {p34:UInt32} AND distinct_id IN {p35:Array(String)})
AND arrayExists(one -> one IN {p36:Array(String)}, distinct_ids) AND search LIKE {p37:String} AND ifNull(prop.email = {p38:String}, false) AND search LIKE {p39:String} AND (((ifNull(multiSearchAny(if(isValidASCII(prop.{p40:Identifier}), lower(prop.{p41:Identifier}), caseFoldUTF8(prop.{p42:Identifier})), {p43:Array(String)}), false)) OR ifNull(prop.{p44:Identifier} IN {p45:Array(String)}, false) OR isNotNull(prop.{p46:Identifier}.:String)) AND ifNull(if(isFinite(toFloat64OrNull(prop.{p47:Identifier}.:String)), toFloat64OrNull(prop.{p48:Identifier}.:String), NULL) >= {p49:Float64}, false) AND (ifNull(prop.{p50:Identifier}.:String < {p51:String}, false) AND prop.{p52:Identifier}.:String NOT IN ('true', 'false')) AND NOT ifNull(prop.{p53:Identifier} = {p54:String}, false) AND isNull(prop.{p55:Identifier}.:String))) AND NOT (_part IN {p56:Array(String)})) AND (created_at <= fromUnixTimestamp64Micro({p57:Int64}, 'UTC')
AND (created_at, id) < (fromUnixTimestamp64Micro({p58:Int64}, 'UTC'), {p59:UUID}))) ORDER BY created_at DESC, id DESC LIMIT {p60:UInt64})
ORDER BY created_at DESC, id DESC LIMIT {p61:UInt64}
SETTINGS use_top_k_dynamic_filtering = 0
