-- The municipalities' words. One row per municipality. Parameters: round_id.
SELECT municipality_code, sender_name, sms_sender, contact_name, contact_phone, contact_email, contact_hours,
       dpo_contact, local_paragraph, logo_url
FROM fieldwork.municipality_text WHERE round_id = :round_id ORDER BY municipality_code
