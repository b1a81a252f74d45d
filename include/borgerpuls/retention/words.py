"""
The Danish words of what is destroyed, for those who read the register and the proof.
"""

KEY, EXTRACT_KEY, JOURNAL, LETTERS, INBOX = "key", "extract_key", "journal", "letters", "inbox"

WHAT = {
    KEY: "rundens nøgle",
    EXTRACT_KEY: "udtræks nøgler",
    JOURNAL: "journalens filer",
    LETTERS: "papirbreve i udbakken",
    INBOX: "udtræk i indbakken",
    "identity.citizen": "borgeres cpr-numre, navne, telefonnumre og adresser",
    "identity.extract_file": "kommunernes udtræk",
    "identity.quarantined_row": "rækker i karantæne",
    "link.access": "links og koder til skemaer",
    "link.wrong_try": "forkerte koder, der er prøvet",
    "link.staff_code": "koder udstedt af medarbejdere",
    "answers.form": "skemaer",
    "answers.page_save": "gemte sider af skemaer",
    "answers.answer": "svar, som de blev sendt",
    "answers.open_answer": "borgernes egne ord, som de blev skrevet",
    "frame.spell": "forløb med datoer og koder",
    "frame.row_error": "fejl i enkelte rækker",
    "frame.person": "borgere i populationen med id, alder, datoer eller koder",
    "sampling.sample": "udtrukne borgere med id",
    "responses.disposition": "udfald med id",
    "fieldwork.message": "beskeder til borgere",
    "fieldwork.receipt": "kvitteringer for beskeder",
    "fieldwork.opt_out": "fravalg i runden",
    "fieldwork.arm": "lodtrækning om sms",
    "fieldwork.audit": "opslag og ændringer om en bestemt borger",
    "responses.response": "besvarelser med id, eller som intet tal er regnet af",
    "responses.open_answer": "fri tekst ved en besvarelse",
    "responses.open_answer_decision": "beslutninger om fri tekst",
    "responses.release": "frigivelser af enkelte besvarelser",
}
"""Tables and folders, and what of them is destroyed."""

STATES = {"open": "åben", "approved": "i felten", "closed": "lukket", "published": "udgivet", "stopped": "stoppet"}
