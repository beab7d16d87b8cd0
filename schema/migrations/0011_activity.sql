-- Who changed what of a person; a row per version of an entry, FINAL or a merge leaves the highest.
-- Ordered as it is shown, newest first, so that a page is read in order and stops early.
-- An entry is written before the persons are, under their write_id; a write that then fails makes it
-- void, which hides it. follows: the write_id of the person's row that the write follows.
-- detail: JSON as the API answers it. key_id, key_label: of the API's key; empty for the service itself.
CREATE TABLE IF NOT EXISTS activity
(
    team_id       UInt32,
    created_at    DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    id            UUID CODEC(NONE),
    person_id     UUID CODEC(NONE),
    person_number UInt64 CODEC(NONE),
    activity      LowCardinality(String),
    detail        String CODEC(ZSTD(3)),
    key_id        String CODEC(ZSTD(1)),
    key_label     String CODEC(ZSTD(1)),
    property_keys Array(String) CODEC(ZSTD(1)),
    write_id      UInt64 CODEC(NONE),
    follows       UInt64 CODEC(NONE),
    is_void       UInt8 DEFAULT 0,
    version       UInt64 DEFAULT 1 CODEC(T64, ZSTD(1)),
    INDEX of_person person_id TYPE bloom_filter(0.01)
)
ENGINE = ReplacingMergeTree(version, is_void)
ORDER BY (team_id, created_at DESC, id DESC)
SETTINGS index_granularity = 1024, allow_experimental_reverse_key = 1
