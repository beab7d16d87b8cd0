ALTER TABLE persons ADD PRIMARY KEY (id);
ALTER TABLE distinct_ids ADD PRIMARY KEY (distinct_id);
CREATE INDEX distinct_ids_person ON distinct_ids (person_id);
CREATE INDEX persons_list ON persons (created_at DESC, id DESC);
CREATE INDEX persons_email ON persons ((properties ->> 'email'));
CREATE INDEX persons_search ON persons USING gin (search gin_trgm_ops);
CREATE INDEX persons_properties ON persons USING gin (properties);
