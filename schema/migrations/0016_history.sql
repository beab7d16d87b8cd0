-- What each write changed of a person who was there before; a row per write.
-- Ordered by person, the latest last, for one person's history is read.
-- write_id: of the person's row that the write made; follows: of the row before that one, and
-- followed its version. So the rows that count are those that the person's row leads to, one after
-- the other: what a write noted that then failed is led to by nothing.
-- keys, before, after: the properties that changed, as JSON; '' where there was, or is, none.
-- source: as the log's `activity`, or `imported`. key_id, key_label: of the API's key, empty for the
-- service itself. The start of the service sets the TTL to what `history.keep_days` is.
CREATE TABLE IF NOT EXISTS history
(
    team_id       UInt32,
    person_number UInt64 CODEC(NONE),
    person_id     UUID CODEC(NONE),
    version       UInt64 CODEC(T64, ZSTD(1)),
    write_id      UInt64 CODEC(NONE),
    follows       UInt64 CODEC(NONE),
    followed      UInt64 CODEC(T64, ZSTD(1)),
    source        LowCardinality(String),
    key_id        String CODEC(ZSTD(1)),
    key_label     String CODEC(ZSTD(1)),
    keys          Array(String) CODEC(ZSTD(1)),
    before        Array(String) CODEC(ZSTD(1)),
    after         Array(String) CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (team_id, person_number, person_id, version, write_id)
TTL toDateTime(intDiv(version, 1000000)) + toIntervalDay(400)
SETTINGS index_granularity = 512
