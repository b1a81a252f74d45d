-- People whom the draw of arms leaves without SMS beside reminders. One row per person. Parameters: round_id.
SELECT person_id FROM fieldwork.arm WHERE round_id = :round_id AND arm = 'without_sms'
