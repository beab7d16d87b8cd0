-- parts.versions
SELECT (SELECT count() FROM persons) AS rows,
(SELECT uniqExact(team_id, created_at, id) FROM persons) AS newest
