-- One row per version of an event; FINAL or a merge leaves the highest. An event is known by its
-- distinct id, time and uuid together, and belongs to whoever has its distinct id now: nothing here
-- names a person, so splits and merges of persons write nothing here.
-- properties, person_properties: the client's JSON, byte for byte; the second is what the person was.
-- prop: person_properties as a flat object of texts (queries/texts.py); texts: the same in an INSERT,
-- as in `persons`.
-- hash: of event, properties and person_properties, to tell that a line changes nothing.
-- arrived: grows with each event that comes, and stays when it is written again: the order of events
-- of one time. version: microseconds since 1970 of the batch, the same for all its rows.
CREATE TABLE IF NOT EXISTS events
(
    team_id           UInt32,
    distinct_id       String CODEC(ZSTD(1)),
    timestamp         DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)),
    uuid              UUID CODEC(NONE),
    event             LowCardinality(String),
    properties        String CODEC(ZSTD(3)),
    person_properties String CODEC(ZSTD(3)),
    texts             String EPHEMERAL,
    prop              JSON(max_dynamic_paths = 32) DEFAULT if(texts = '', '{}', texts) CODEC(ZSTD(1)),
    hash              UInt64 CODEC(NONE),
    arrived           UInt64 CODEC(T64, ZSTD(1)),
    version           UInt64 CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (team_id, distinct_id, timestamp, uuid)
SETTINGS index_granularity = 1024, min_bytes_for_wide_part = 104857600, min_rows_for_wide_part = 30000,
    max_parts_to_merge_at_once = 10
