-- What is being removed of deleted persons (queries/removal.py), a partition for each round: it goes when
-- the round is over. A mutation cut off by a crash reads it at the next start, so it is on disk.
-- kind: `person`, deleted with a tombstone of that version; `id`, somebody who has or had one of its
-- distinct ids; `row`, of `persons`; `entry`, of `activity`, under its id; `free`, of `distinct_ids`.
CREATE TABLE IF NOT EXISTS removing
(
    round         UInt64,
    kind          LowCardinality(String),
    person_id     UUID,
    person_number UInt64,
    created_at    DateTime64(6, 'UTC'),
    distinct_id   String,
    version       UInt64
)
ENGINE = MergeTree
PARTITION BY round
ORDER BY (kind, person_id)
