CREATE TABLE persons (
    id UUID NOT NULL,
    created_at TIMESTAMP NOT NULL,
    is_identified BOOLEAN NOT NULL,
    distinct_ids VARCHAR[] NOT NULL,
    properties VARCHAR NOT NULL,
    search VARCHAR NOT NULL,
    email VARCHAR, name VARCHAR, plan VARCHAR, os VARCHAR, utm_source VARCHAR, city VARCHAR, company VARCHAR,
    mrr DOUBLE, score DOUBLE
);
CREATE TABLE distinct_ids (distinct_id VARCHAR, person_id UUID);
CREATE TABLE events (person_id UUID, moment TIMESTAMP, event VARCHAR, person_properties VARCHAR)
