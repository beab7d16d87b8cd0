-- Exports into files: a row per version of a job, FINAL or a merge leaves the highest; a new one is written
-- whenever a part is whole. What a job reads is a copy of persons of its own, the table export_<id>, made as it begins and
-- dropped as it ends, so that a job that was cut off goes on with the same rows.
-- node, directory: which machine has the files, and where. ask: what was asked for (service/exports/jobs.py), as JSON.
-- parts: those that are whole, as JSON.
CREATE TABLE IF NOT EXISTS exports
(
    team_id    UInt32,
    id         UUID,
    created_at DateTime64(6, 'UTC'),
    state      LowCardinality(String),
    node       String,
    directory  String,
    ask        String CODEC(ZSTD(1)),
    total      UInt64,
    parts      String CODEC(ZSTD(1)),
    seconds    Float64,
    error      String,
    version    UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (team_id, id)
