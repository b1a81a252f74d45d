"""
What the codes of fieldwork are called in Danish, wherever people read them.
"""

CHANNELS = {"digital_post": "Digital Post", "sms": "sms", "letter": "brev"}
ROUND_STATES = {
    "open": "Under forberedelse", "approved": "Godkendt", "closed": "Lukket", "published": "Offentliggjort",
    "stopped": "Stoppet",
}  # fmt: skip
WAVES = {1: "Invitation", 2: "1. påmindelse", 3: "2. påmindelse"}
BESIDE = ", sms ved siden af"
MESSAGE_STATES = {
    "planned": "planlagt", "claimed": "er ved at blive sendt", "sending": "er ved at blive sendt",
    "accepted": "modtaget af gateway", "rejected": "afvist af gateway", "unknown": "i tvivl", "delivered": "leveret",
    "failed": "fejlet", "cancelled": "aflyst", "no_receipt": "uden kvittering",
}  # fmt: skip
FORM_STATES = {
    "unopened": "skemaet er ikke åbnet", "started": "skemaet er begyndt", "completed": "skemaet er besvaret",
    "deleted": "svarene er slettet af borgeren",
}  # fmt: skip
OPT_OUTS = {
    "opted_out": "vil ikke kontaktes", "dead": "er død", "moved": "er udrejst eller flyttet", "withdrawn": "er trukket ud",
}  # fmt: skip
REASONS = OPT_OUTS | {
    "answered": "har svaret",
    "closed": "runden er lukket",
    "fate_unknown": "skæbnen er ukendt",
    "not_needed": "hovedbeskeden gik ikke med Digital Post",
    "unreachable": "kan ikke nås: hverken Digital Post, brugbart mobilnummer eller brev på papir",
    "no_number": "intet brugbart mobilnummer",
    "no_paper_reminder": "hverken Digital Post eller brugbart mobilnummer, og påmindelser sendes ikke på papir",
    "arm_uden_sms": "lodtrukket til ingen sms",
    "identitet_ulaeselig": "identiteten kan ikke læses",
    "forkert_nummerserie": "nummeret hører ikke til disse gateways",
    "besked_ugyldig": "beskeden bryder en regel",
}
"""Why a message ended as it did; a gateway's own words and codes are shown as they are."""
COUNTED = {
    "given_back": "Givet tilbage efter en afbrudt udsendelse",
    "settled": "Afgjort af journalen",
    "unknown": "Nye i tvivl",
    "replayed": "Kommuner genskabt fra journalen",
    "receipts": "Nye kvitteringer",
    "in_doubt": "I tvivl nu",
}
"""What a reconciliation counts."""
