-- Until the end of the transaction, let rows be reached by key alone: what is written anew is written in the order of its key,
-- and a table in the order of its rows does not tell in which hour's batch an answer came.
SELECT count(set_config(name, 'off', true)) FROM unnest(ARRAY['enable_seqscan', 'enable_bitmapscan']) AS name
