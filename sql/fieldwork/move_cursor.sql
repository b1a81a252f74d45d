-- Remember how far a gateway's receipts have been read. Parameters: gateway, position.
UPDATE fieldwork.receipt_cursor SET position = greatest(position, :position) WHERE gateway = :gateway
