-- Where in `persons` a person stands: from its uuid, and from its integer id (53 bits of the uuid).
-- A row is written before the person is and stays: it names a place to look, `persons` decides.
CREATE TABLE IF NOT EXISTS person_keys
(
    team_id    UInt32,
    number     UInt64 CODEC(NONE),
    id         UUID CODEC(NONE),
    created_at DateTime64(6, 'UTC') CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (team_id, number, id, created_at)
SETTINGS index_granularity = 512
