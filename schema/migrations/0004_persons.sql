-- One row per version of a person; FINAL or a merge leaves the highest version.
-- The key starts with the time, newest first, so that a page of the list is read in order and stops
-- early. created_at never changes for an id: a merge of persons that moves it writes a tombstone at
-- the old place and a row at the new one, in one INSERT.
-- distinct_ids: the truth of who has which id. One INSERT of several persons is seen whole or not at
-- all, so an id that moves from one person to another has exactly one owner at every moment.
-- properties: the client's JSON, byte for byte. prop: the same as a flat object of texts
-- (queries/texts.py), which is what filters and values read. search: case-folded e-mail, name,
-- username, uuid and distinct ids, a line each. All three are computed by the writer.
-- min_bytes_for_wide_part: a part of a batch is one file and not nine hundred; a merged one is wide.
-- texts: `prop` as JSON text, in an INSERT only. Given as text for `prop` itself in an Arrow or Parquet
-- stream it would be parsed without the INSERT's settings, and "2024-01-01" become a Date (26.9).
-- version: microseconds since 1970 of the write, or one more than the version before if that is more.
-- write_id, write_ids: this write and the last ones before it, to tell after a race who won.
-- source_version: the version in the system that a person was imported from.
CREATE TABLE IF NOT EXISTS persons
(
    team_id        UInt32,
    created_at     DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    id             UUID CODEC(NONE),
    version        UInt64 CODEC(T64, ZSTD(1)),
    is_deleted     UInt8 DEFAULT 0,
    is_identified  Bool DEFAULT false,
    last_seen_at   Nullable(DateTime64(6, 'UTC')),
    distinct_ids   Array(String) CODEC(ZSTD(1)),
    properties     String CODEC(ZSTD(3)),
    texts          String EPHEMERAL,
    prop           JSON(
        max_dynamic_paths = 64,
        email Nullable(String),
        name Nullable(String),
        username Nullable(String),
        plan LowCardinality(Nullable(String)),
        `$browser` LowCardinality(Nullable(String)),
        `$browser_version` LowCardinality(Nullable(String)),
        `$os` LowCardinality(Nullable(String)),
        `$os_version` LowCardinality(Nullable(String)),
        `$device_type` LowCardinality(Nullable(String)),
        `$geoip_country_code` LowCardinality(Nullable(String)),
        `$geoip_city_name` LowCardinality(Nullable(String)),
        `$geoip_continent_code` LowCardinality(Nullable(String)),
        `$geoip_time_zone` LowCardinality(Nullable(String)),
        `$initial_browser` LowCardinality(Nullable(String)),
        `$initial_os` LowCardinality(Nullable(String)),
        `$initial_device_type` LowCardinality(Nullable(String)),
        `$initial_referring_domain` LowCardinality(Nullable(String)),
        `$initial_geoip_country_code` LowCardinality(Nullable(String)),
        utm_source LowCardinality(Nullable(String)),
        utm_medium LowCardinality(Nullable(String)),
        utm_campaign LowCardinality(Nullable(String))
    ) DEFAULT if(texts = '', '{}', texts) CODEC(ZSTD(1)),
    search         String CODEC(ZSTD(1)),
    write_id       UInt64 CODEC(NONE),
    write_ids      Array(UInt64) CODEC(ZSTD(1)),
    source_version UInt64 DEFAULT 0 CODEC(T64, ZSTD(1)),
    INDEX search_ngrams search TYPE text(tokenizer = ngrams(3))
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (team_id, created_at DESC, id DESC)
SETTINGS index_granularity = 1024, allow_experimental_reverse_key = 1, non_replicated_deduplication_window = 10000,
    min_bytes_for_wide_part = 104857600
