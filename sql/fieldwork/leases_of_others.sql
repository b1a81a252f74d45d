-- What other dispatches hold in a municipality. One row: messages, and seconds until the last of their leases has run out.
-- Parameters: round_id, municipality_code, owner.
SELECT count(*) AS messages,
       greatest(0, coalesce(extract(epoch FROM max(lease_until) - clock_timestamp()), 0)) AS seconds
FROM fieldwork.message
WHERE round_id = :round_id AND municipality_code = :municipality_code AND state IN ('claimed', 'sending')
  AND lease_owner <> :owner
