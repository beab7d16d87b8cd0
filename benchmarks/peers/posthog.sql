CREATE TABLE person (
    id UUID,
    created_at DateTime64(6, 'UTC'),
    team_id Int64,
    properties String CODEC(ZSTD(3)),
    is_identified Int8 DEFAULT 0,
    is_deleted Int8 DEFAULT 0,
    version UInt64,
    pmat_email String MATERIALIZED JSONExtractString(properties, 'email')
) ENGINE = ReplacingMergeTree(version) ORDER BY (team_id, id);
CREATE TABLE person_distinct_id2 (
    team_id Int64,
    distinct_id String,
    person_id UUID,
    is_deleted Int8 DEFAULT 0,
    version Int64
) ENGINE = ReplacingMergeTree(version) ORDER BY (team_id, distinct_id) SETTINGS index_granularity = 512;
CREATE TABLE events (
    uuid UUID,
    event String,
    properties String CODEC(ZSTD(3)),
    timestamp DateTime64(6, 'UTC'),
    team_id Int64,
    distinct_id String,
    person_id UUID,
    person_properties String CODEC(ZSTD(3))
) ENGINE = ReplacingMergeTree PARTITION BY toYYYYMM(timestamp)
ORDER BY (team_id, toDate(timestamp), event, cityHash64(distinct_id), cityHash64(uuid));
