-- deletions.pending
SELECT team_id AS project FROM deletions FINAL
WHERE verified_at IS NULL
GROUP BY team_id ORDER BY min(created_at)
