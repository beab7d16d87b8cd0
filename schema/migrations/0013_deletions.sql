-- Who was deleted when, and whether the bytes are gone; a row per version of an entry, FINAL or a merge
-- leaves the highest. Written before the tombstones are; a write that then fails makes it void.
-- tombstone: its version; the person's rows below it are to be removed. verified_at: when a scan found
-- none of them, empty before. A person deleted twice is here twice.
CREATE TABLE IF NOT EXISTS deletions
(
    team_id       UInt32,
    created_at    DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    person_id     UUID CODEC(NONE),
    person_number UInt64 CODEC(NONE),
    tombstone     UInt64 CODEC(T64, ZSTD(1)),
    verified_at   Nullable(DateTime64(6, 'UTC')),
    is_void       UInt8 DEFAULT 0,
    version       UInt64 DEFAULT 1 CODEC(T64, ZSTD(1)),
    INDEX of_person person_id TYPE bloom_filter(0.01)
)
ENGINE = ReplacingMergeTree(version, is_void)
ORDER BY (team_id, created_at DESC, person_id)
SETTINGS index_granularity = 1024, allow_experimental_reverse_key = 1
