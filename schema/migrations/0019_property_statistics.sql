-- What properties the persons in a part of `persons` have: a row for each project, slice of the part
-- and key. A part never changes, so what is counted of it once holds for as long as it is there; rows
-- of parts that are no more are removed (queries/property_statistics.py). Nothing here is the truth:
-- whatever is missing is counted again.
-- slice: rows of the part that are counted together. team_id 0: the slice is counted to its end.
-- key: FF, which is no text, stands for all persons of the slice.
-- persons: who has the key, null included; the next six: of how many its value is of which type.
-- rough: of how many the text is not exactly what a filter would see (queries/property_statistics.py).
-- values, counts: the most frequent values. If is_whole, all of them; else none that one person has alone.
-- first_us, last_us: when the first of them was created and the last one written, in microseconds.
CREATE TABLE IF NOT EXISTS property_statistics
(
    team_id  UInt32,
    part     String CODEC(ZSTD(1)),
    slice    UInt32,
    key      String CODEC(ZSTD(1)),
    persons  UInt64 CODEC(T64, ZSTD(1)),
    texts    UInt64 CODEC(T64, ZSTD(1)),
    numbers  UInt64 CODEC(T64, ZSTD(1)),
    booleans UInt64 CODEC(T64, ZSTD(1)),
    nulls    UInt64 CODEC(T64, ZSTD(1)),
    lists    UInt64 CODEC(T64, ZSTD(1)),
    objects  UInt64 CODEC(T64, ZSTD(1)),
    rough    UInt64 CODEC(T64, ZSTD(1)),
    uniques  AggregateFunction(uniqCombined64(14), String) CODEC(ZSTD(1)),
    values   Array(String) CODEC(ZSTD(1)),
    counts   Array(UInt64) CODEC(ZSTD(1)),
    is_whole Bool,
    first_us Int64 CODEC(T64, ZSTD(1)),
    last_us  UInt64 CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (team_id, part, slice, key)
SETTINGS index_granularity = 1024
