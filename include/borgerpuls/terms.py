"""
The glossary as types: the words of a survey round that more than one stage uses.

A word means the same in the code, the database and the documents (see docs/glossary.md).
"""

from enum import StrEnum

ALL_PARTICIPATING = "alle"
"""The municipality code that stands for all participating municipalities together."""

LOCAL_FLAGS = ("local_1", "local_2", "local_3")
"""A municipality's own groups, marked in its extract; their names mean something only in that municipality."""

NO_FLAG = "øvrige"
"""Those a municipality with a local flag has not marked, and values beyond the most it may have."""


class Stage(StrEnum):
    """The stages of a round, in the order they run. Also DAG id, schema, folder and database role."""

    ROUNDS = "rounds"
    FRAME = "frame"
    SAMPLING = "sampling"
    FIELDWORK = "fieldwork"
    QUESTIONNAIRE = "questionnaire"
    RESPONSES = "responses"
    WEIGHTING = "weighting"
    ESTIMATION = "estimation"
    REPORTING = "reporting"
    PUBLICATION = "publication"
    RETENTION = "retention"


class RoundState(StrEnum):
    """How far a round has come. Pausing is a separate fact."""

    OPEN = "open"
    APPROVED = "approved"
    CLOSED = "closed"
    PUBLISHED = "published"
    STOPPED = "stopped"


class ArtefactKind(StrEnum):
    """What is drawn of the figures for each municipality and for all participating."""

    PDF = "pdf"
    MEMO_DOCX = "memo_docx"
    MEMO_PDF = "memo_pdf"
    DECK = "deck"
    WORKBOOK = "workbook"


class Channel(StrEnum):
    """What carries a message to a citizen."""

    DIGITAL_POST = "digital_post"
    SMS = "sms"
    LETTER = "letter"


class Slot(StrEnum):
    """Which of the two messages of a wave: the main one, or the SMS beside a Digital Post reminder."""

    MAIN = "main"
    SMS = "sms"


class MessageState(StrEnum):
    """Where a message is; the last four are end states."""

    PLANNED = "planned"
    CLAIMED = "claimed"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"
    NO_RECEIPT = "no_receipt"


class AnswerOutcome(StrEnum):
    """What became of one item for one respondent. The four counts are always kept apart."""

    VALID = "valid"
    DONT_KNOW = "dont_know"
    NOT_ASKED = "not_asked"
    BROKEN_OFF = "broken_off"


class Completeness(StrEnum):
    """How much of the questionnaire one respondent answered, by the instrument's versioned rule."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    NONE = "none"


class Disposition(StrEnum):
    """Final outcome of a sampled person. AAPOR (2023) codes kept as text."""

    COMPLETE = "1.1"
    PARTIAL = "1.2"
    BREAK_OFF = "2.12"
    REFUSAL = "2.11"
    NOT_RETURNED = "2.2"
    DECEASED = "2.31"
    UNREACHABLE = "3.18"
    NO_LONGER_ELIGIBLE = "4.1"
