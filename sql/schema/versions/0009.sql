-- A message that is sent again keeps the time when it was first sent; once in doubt, only an answer or a person settles it.
ALTER TABLE fieldwork.message
    ADD COLUMN in_doubt_since timestamptz,      -- by the round's clock; NULL until it is claimed to be sent again
    ADD CONSTRAINT message_doubt_is_kept CHECK (in_doubt_since IS NULL OR state NOT IN ('planned', 'cancelled'));
