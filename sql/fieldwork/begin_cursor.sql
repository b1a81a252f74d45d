-- Begin to read a gateway's receipts. Parameters: gateway.
INSERT INTO fieldwork.receipt_cursor (gateway, position) VALUES (:gateway, 0) ON CONFLICT DO NOTHING
