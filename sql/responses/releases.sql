-- Responses that a person has looked at and let out of quarantine. One row per response. Parameters: round_id.
SELECT response_id, revision FROM responses.release WHERE round_id = :round_id
