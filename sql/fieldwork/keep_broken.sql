-- Keep a receipt that could not be read, by hash. Parameters: gateway, position, content_sha256, problem.
INSERT INTO fieldwork.broken_receipt (gateway, position, content_sha256, problem)
VALUES (:gateway, :position, :content_sha256, :problem)
ON CONFLICT DO NOTHING
