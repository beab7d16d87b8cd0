-- Whoever has or had a distinct id. A row is written before the person is and stays: it names a
-- person to look at, whose `distinct_ids` decide.
CREATE TABLE IF NOT EXISTS distinct_ids
(
    team_id     UInt32,
    distinct_id String CODEC(ZSTD(1)),
    person_id   UUID CODEC(NONE),
    created_at  DateTime64(6, 'UTC') CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (team_id, distinct_id, person_id, created_at)
SETTINGS index_granularity = 512
