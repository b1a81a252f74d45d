-- Why messages were cancelled or failed. One row per wave, slot, state and reason. Parameters: round_id.
SELECT wave, slot, state, reason, count(*) AS messages
FROM fieldwork.message
WHERE round_id = :round_id AND state IN ('cancelled', 'failed')
GROUP BY wave, slot, state, reason
ORDER BY wave, slot, messages DESC, state, reason
