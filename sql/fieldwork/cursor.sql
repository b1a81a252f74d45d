-- How far a gateway's receipts have been read. One row, or none. Locked for the one who reads. Parameters: gateway.
SELECT position FROM fieldwork.receipt_cursor WHERE gateway = :gateway FOR UPDATE
