-- The share that gets an SMS beside reminders. One row and one column, or none. Parameters: round_id.
SELECT sms_share FROM fieldwork.design WHERE round_id = :round_id
