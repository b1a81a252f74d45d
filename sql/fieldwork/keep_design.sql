-- Set the share that gets an SMS beside reminders. Parameters: round_id, sms_share.
INSERT INTO fieldwork.design (round_id, sms_share) VALUES (:round_id, :sms_share)
ON CONFLICT (round_id) DO UPDATE SET sms_share = excluded.sms_share
