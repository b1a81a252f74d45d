-- Whether this very save has been acknowledged before. One row. Parameters: response_id, idempotency_key.
SELECT EXISTS (SELECT FROM answers.page_save WHERE response_id = :response_id AND idempotency_key = :idempotency_key)
