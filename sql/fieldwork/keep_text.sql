-- Keep a municipality's words; those already there win. Parameters: the columns of fieldwork.municipality_text.
INSERT INTO fieldwork.municipality_text (round_id, municipality_code, sender_name, sms_sender, contact_name,
    contact_phone, contact_email, contact_hours, dpo_contact, local_paragraph, logo_url)
VALUES (:round_id, :municipality_code, :sender_name, :sms_sender, :contact_name, :contact_phone, :contact_email,
    :contact_hours, :dpo_contact, :local_paragraph, :logo_url)
ON CONFLICT (round_id, municipality_code) DO NOTHING
