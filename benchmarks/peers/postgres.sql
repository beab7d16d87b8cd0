CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE TABLE persons (
    id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    is_identified boolean NOT NULL,
    properties jsonb NOT NULL,
    search text NOT NULL
);
CREATE TABLE distinct_ids (distinct_id text NOT NULL, person_id uuid NOT NULL);
CREATE TABLE events (
    person_id uuid NOT NULL,
    at timestamptz NOT NULL,
    event text NOT NULL,
    person_properties jsonb NOT NULL
);
