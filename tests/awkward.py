"""Values, keys and whole objects of properties that have broken something somewhere.

All are JSON texts, not Python values: how a number, an escape or a space is written matters.
"""

from __future__ import annotations

import json

# Each stands, under each key, on a person of the population that filters are tried on.
VALUES = (
    *("null", '""', '"null"', '"a"', '"A"', '"bA"', '"ä"', '"Ä"', '"a\u0308"', '"ﬁ"', '"FI"'),
    *('"ß"', '"ẞ"', '"SS"', '"s"', '"İ"', '"\u0131"', '"I"', '"ΑΣΑ"', '"ΑΣ"', '"ας"', '"\u03c3"'),
    *("5", '"5"', "5.0", "1e3", "-0", "0", "-1", '"1"', '" 5"', '"1_0"', '"0x10"'),
    *("9007199254740993", '"9007199254740992"', "1180591620717411303424", "1.5", '".5"'),
    *('"inf"', '"NaN"', '"1e400"', "5e-324"),
    *("true", '"true"', "false", '"True"'),
    *("[]", "{}", '[1,"x"]', '[ 1 , "x" ]', '["true"]', "[null]", "[[1.0],[]]"),
    *('{"b":1,"a":2}', '{"a":2, "b":1}', '{"a":{}}', '{"a":null}', '"{\\"a\\":{}}"'),
    *('"🦜"', '"\\ud83e\\udd9c"', '"\\n"', '"a\\nb"', '"\\""', '"\'"', '"\\\\"', '"\\\\N"'),
    *('"%"', '"_"', '"a%b_c"', '"\\u0000"', '"a\\u0000b"', '"\\u2028"', '"\\t"', '"`"'),
    *('"2024-01-01"', '"2024-01-01T00:00:00Z"', '"{p0:String}"', '"a; DROP TABLE persons --"'),
)

# The first three are columns of their own, the others paths; see queries/properties.py.
KEYS = (
    *("email", "plan", "$os", "plain", "sp ace", "b`t", "b\\s", "dot.ted", "$dollar", ""),
    *("ключ", "%41", "%", "A", "a", "'", '"', "\n", "\u2028", "🦜", "null", "b\\`s", "{p0:String}"),
)


def objects() -> list[bytes]:
    """Objects that must come back byte for byte, as the properties of one person each."""
    deep = b'{"a":' * 60 + b"null" + b"}" * 60
    deep_lists = b'{"a":' + b"[" * 60 + b"]" * 60 + b"}"
    wide = json.dumps({f"key {n}": n for n in range(1_500)}).encode()
    return [
        *(f'{{"v":{value}}}'.encode() for value in VALUES),
        *(json.dumps({key: "x"}, ensure_ascii=False).encode() for key in KEYS),
        *_WHOLE,
        deep,
        deep_lists,
        wide,
        b'{"long":"' + b"x" * 100_000 + b'"}',
        json.dumps({"k" * 400: "long key", "long": "ä" * 10_000}, ensure_ascii=False).encode(),
    ]


_WHOLE = (
    b"{}",
    b"{ }",
    b'{"a":null}',
    b'{"a":{"b":null,"c":{"d":null}}}',
    b'{"a":{},"b":[],"c":[{}],"d":[[]],"e":{"f":{}}}',
    b'{"n":[9007199254740993,18446744073709551615,18446744073709551616,1180591620717411303424]}',
    b'{"n":[-9007199254740993,-9223372036854775808,-9223372036854775809]}',
    b'{"n":[1.0,1e5,1E5,1e+5,-0,-0.0,0.10,1.7976931348623157e308,2.2250738585072014e-308]}',
    b'{"n":3.14159265358979323846264338327950288419716939937510582097494459}',
    b'{"mixed":[1,2.5,"3",true,null,{"a":1},[2]]}',
    b'{"a.b":1,"a":{"b":2}}',
    b'{"a":1,"a.b":2,"a.b.c":3}',
    b'{"z":1,"a":2,"m":3}',
    b'{"same":1,"same":2}',
    b'{"same":1,"same":null}',
    b'{"same":{"a":1},"same":{"b":2}}',
    b'{"A":1,"a":2}',
    b'{"q\\"uote":1,"back`tick":2,"\'":3,"back\\\\slash":4}',
    b'{"$set":1,"$":2,"$$":3,"$a.$b":4}',
    b'{"":1}',
    b'{"":{"":{"":""}}}',
    b'{"%":1,"%41":2,"%%":3,"%2E":4,"%zz":5}',
    b'{"control":"\\u0000\\u0001\\u001f\\b\\f\\n\\r\\t\\u007f"}',
    b'{"\\u0000":1,"\\n":2,"\\u001f":3}',
    b'{"escaped":"\\u0061\\/\\u00e4\\ud83e\\udd9c"}',
    b'{"\\u0061":"escaped key"}',
    '{"emoji":"🦜🏳️‍🌈","🦜":"key"}'.encode(),
    '{"lines":"a\u2028b\u2029c","\u2028":1}'.encode(),
    '{"bom":"\ufeff","rtl":"\u202eabc","zero":"\u200b"}'.encode(),
    '{"é":"composed","e\u0301":"combined"}'.encode(),
    '{"中文":"漢字","ключ":"значение","مفتاح":"قيمة"}'.encode(),
    b'{ "spaces" :\t[ 1 , 2 ] ,  "b" : { "c" : 3 } }',
    b'{"dates":["2024-01-01","2024-01-01T00:00:00Z","2024-01-01 00:00:00.123456"]}',
    b'{"numbers":["1","1.0","0x10","1e3","inf","nan"]}',
    b'{"booleans":[true,false,"true","false","True"]}',
    b'{"sql":"\'; DROP TABLE persons; --","param":"{p0:String}","\\\\N":"\\\\N"}',
    b'{"csv":"a,b;c\\r\\n\\"d\\"","formula":"=1+1"}',
    b'{"html":"<script>alert(1)</script>&amp;"}',
    b'{"email":null,"name":"","username":false}',
    b'{"email":["a@example.com"],"name":{"first":"A"},"username":5}',
    b'{"plan":5,"$os":true,"$browser":{"a":1},"utm_source":[]}',
    b'{"objects":[{"a":1},{"a":"x"},{"a":null},{"b":[]}]}',
    b'{"type":"person","key":"email","operator":"is_set"}',
    b'{"prop":1,"properties":{"prop":2},"id":3,"team_id":4}',
    b'{"uuid":"00000000-0000-0000-0000-000000000000"}',
)
