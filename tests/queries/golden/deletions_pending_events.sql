-- deletions.pending_events
SELECT DISTINCT team_id AS project FROM event_deletions
