-- A place for receipts before they are compared with those already there.
CREATE TEMPORARY TABLE staged_receipt (receipt_id text, message_id uuid, status text, reason text, channel text,
    occurred_at timestamptz) ON COMMIT DROP
