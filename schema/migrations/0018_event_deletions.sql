-- Distinct ids whose events are being removed, with or without their person. Events of the id up to
-- `until`, by their version, are hidden from this row on and removed in the next round
-- (queries/event_removal.py), and the row after them.
-- tombstone: of the person's deletion, whose entry in `deletions` is written before this row and whose
-- tombstone after it; 0 where the person is kept.
CREATE TABLE IF NOT EXISTS event_deletions
(
    team_id     UInt32,
    distinct_id String CODEC(ZSTD(1)),
    until       UInt64 CODEC(T64, ZSTD(1)),
    person_id   UUID CODEC(NONE),
    tombstone   UInt64 CODEC(T64, ZSTD(1))
)
ENGINE = MergeTree
ORDER BY (team_id, distinct_id)
SETTINGS index_granularity = 1024
