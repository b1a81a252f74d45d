-- Set a municipality's words; an approval of others no longer counts. Parameters: the columns of
-- fieldwork.municipality_text.
INSERT INTO fieldwork.municipality_text (round_id, municipality_code, sender_name, sms_sender, contact_name,
    contact_phone, contact_email, contact_hours, dpo_contact, local_paragraph, logo_url)
VALUES (:round_id, :municipality_code, :sender_name, :sms_sender, :contact_name, :contact_phone, :contact_email,
    :contact_hours, :dpo_contact, :local_paragraph, :logo_url)
ON CONFLICT (round_id, municipality_code) DO UPDATE SET
    (sender_name, sms_sender, contact_name, contact_phone, contact_email, contact_hours, dpo_contact, local_paragraph,
     logo_url) = (excluded.sender_name, excluded.sms_sender, excluded.contact_name, excluded.contact_phone,
     excluded.contact_email, excluded.contact_hours, excluded.dpo_contact, excluded.local_paragraph, excluded.logo_url)
