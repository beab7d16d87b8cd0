-- removal.rounds
SELECT DISTINCT round AS began_us FROM removing ORDER BY round
