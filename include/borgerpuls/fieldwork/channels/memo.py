"""
MeMo 1.2, the message format of Digital Post: a typed builder that keeps the rules the schema does not check.

Rules enforced here and not by the XSD: absolute https addresses (at most 256 characters), file names without forbidden
characters, identification numbers and their kinds, a body for Digital Post and a text for NemSMS, UTC times with Z.
Also checked, because a refusal costs a person their letter: title at most 256 characters, text at most 160, UUID of
version 4. Pure. Source: MeMo 1.2 (Digitaliseringsstyrelsen), rules in shared/INTEGRATION.md § 1.1.
"""

import base64
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import UUID
from xml.sax.saxutils import escape

from borgerpuls.errors import MessageIsMalformed

NAMESPACE = "https://DigitalPost.dk/MeMo-1"
ANSWER_ACTION = "SELVBETJENING"
LONGEST_LABEL = 256
LONGEST_NOTIFICATION = 160
LONGEST_URL = 256
UUID_VERSION = 4

_FORBIDDEN_IN_FILE_NAMES = re.compile('[<>:"/\\\\|?*\r\n\u00a0\u2000-\u200a\u2028\u205f\u2060\u3000]')
_FORBIDDEN_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_CPR = re.compile(r"\d{10}", re.ASCII)
_CVR = re.compile(r"\d{8}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2}")
_LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(frozen=True)
class Sender:
    """A public authority by its CVR number."""

    cvr: str
    label: str


@dataclass(frozen=True)
class File:
    """One file of a message."""

    name: str
    encoding_format: str
    content: bytes
    language: str = "da"


@dataclass(frozen=True)
class Action:
    """What the reader can do from the message: open an address until a time."""

    label: str
    url: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class MemoMessage:
    """
    One message in MeMo 1.2: Digital Post with a main document, or NemSMS with a text alone.

    *allows_loopback* lets the sandbox's questionnaire on this machine be linked to without https.
    """

    message_id: UUID
    label: str
    sender: Sender
    recipient_cpr: str = field(repr=False)
    notification: str = ""
    reference: str = ""
    created_at: datetime | None = None
    main_document: File | None = None
    action: Action | None = None
    allows_loopback: bool = False

    @property
    def is_nemsms(self) -> bool:
        """A message without a document is a NemSMS."""
        return self.main_document is None

    def check(self) -> None:
        """
        Refuse a message that breaks a rule.

        Raises:
            MessageIsMalformed: Names the rules, never the recipient.
        """
        problems = [*self._header_problems(), *self._body_problems()]
        if problems:
            raise MessageIsMalformed(
                " ".join(problems), where=f"MeMo {self.message_id}", next_step="Ret tekst eller opsætning."
            )

    def as_xml(self) -> str:
        """
        Return the message as `memo:Message` (with the literal prefix the service expects), checked.

        Raises:
            MessageIsMalformed: See `check`.
        """
        self.check()
        kind = "NEMSMS" if self.is_nemsms else "DIGITALPOST"
        reference = f"<memo:messageID>{escape(self.reference)}</memo:messageID>" if self.reference else ""
        text = f"<memo:notification>{escape(self.notification)}</memo:notification>" if self.notification else ""
        reply = "" if self.is_nemsms else "<memo:reply>false</memo:reply>"
        return (
            f'<memo:Message xmlns:memo="{NAMESPACE}" memoVersion="1.2"><memo:MessageHeader>'
            f"<memo:messageType>{kind}</memo:messageType><memo:messageUUID>{self.message_id}</memo:messageUUID>"
            f"{reference}<memo:label>{escape(self.label)}</memo:label>{text}{reply}"
            "<memo:mandatory>false</memo:mandatory><memo:legalNotification>false</memo:legalNotification>"
            f"<memo:Sender><memo:senderID>{self.sender.cvr}</memo:senderID><memo:idType>CVR</memo:idType>"
            f"<memo:label>{escape(self.sender.label)}</memo:label></memo:Sender>"
            f"<memo:Recipient><memo:recipientID>{self.recipient_cpr}</memo:recipientID>"
            f"<memo:idType>CPR</memo:idType></memo:Recipient></memo:MessageHeader>{self._body()}</memo:Message>"
        )

    def _body(self) -> str:
        file = self.main_document
        if file is None or self.created_at is None:
            return ""
        content = base64.b64encode(file.content).decode()
        action = ""
        if self.action:
            action = (
                f"<memo:Action><memo:label>{escape(self.action.label)}</memo:label>"
                f"<memo:actionCode>{ANSWER_ACTION}</memo:actionCode>"
                f"<memo:startDateTime>{zulu(self.action.starts_at)}</memo:startDateTime>"
                f"<memo:endDateTime>{zulu(self.action.ends_at)}</memo:endDateTime>"
                f"<memo:EntryPoint><memo:url>{escape(self.action.url)}</memo:url></memo:EntryPoint></memo:Action>"
            )
        return (
            f"<memo:MessageBody><memo:createdDateTime>{zulu(self.created_at)}</memo:createdDateTime>"
            f"<memo:MainDocument><memo:label>{escape(self.label)}</memo:label><memo:File>"
            f"<memo:encodingFormat>{escape(file.encoding_format)}</memo:encodingFormat>"
            f"<memo:filename>{escape(file.name)}</memo:filename><memo:language>{file.language}</memo:language>"
            f"<memo:content>{content}</memo:content></memo:File>{action}</memo:MainDocument></memo:MessageBody>"
        )

    def _header_problems(self) -> list[str]:
        problems = []
        if self.message_id.version != UUID_VERSION:
            problems.append("messageUUID skal være en UUID af version 4.")
        if not 1 <= len(self.label) <= LONGEST_LABEL:
            problems.append(f"Titlen er på {len(self.label)} tegn; der skal være 1-{LONGEST_LABEL}.")
        if len(self.notification) > LONGEST_NOTIFICATION:
            problems.append(f"Teksten er på {len(self.notification)} tegn; der er plads til {LONGEST_NOTIFICATION}.")
        if not _CPR.fullmatch(self.recipient_cpr):
            problems.append("Modtagerens cpr-nummer skal være 10 cifre.")
        if not _CVR.fullmatch(self.sender.cvr):
            problems.append("Afsenderens CVR-nummer skal være 8 cifre.")
        if not self.sender.label.strip():
            problems.append("Afsenderen skal have et navn.")
        texts = (self.label, self.notification, self.reference, self.sender.label)
        if any(_FORBIDDEN_IN_XML.search(text) for text in texts):
            problems.append("En tekst indeholder styretegn.")
        return problems

    def _body_problems(self) -> list[str]:
        file = self.main_document
        if file is None:
            return [] if self.notification else ["En NemSMS skal have en tekst."]
        problems = []
        if self.created_at is None:
            problems.append("Digital Post skal have et tidspunkt.")
        if not file.name or _FORBIDDEN_IN_FILE_NAMES.search(file.name):
            problems.append("Filnavnet er tomt eller indeholder et forbudt tegn.")
        if not _LANGUAGE.fullmatch(file.language):
            problems.append("Sproget skal være to små bogstaver.")
        if not file.content:
            problems.append("Dokumentet er tomt.")
        if self.action:
            problems += self._url_problems(self.action.url)
            if self.action.ends_at <= self.action.starts_at:
                problems.append("Handlingen slutter, før den begynder.")
        return problems

    def _url_problems(self, url: str) -> list[str]:
        parts = urlsplit(url)
        is_loopback = self.allows_loopback and parts.scheme == "http" and parts.hostname in _LOOPBACK
        problems = []
        if len(url) > LONGEST_URL:
            problems.append(f"Adressen er på {len(url)} tegn; der er plads til {LONGEST_URL}.")
        if not parts.hostname or (parts.scheme != "https" and not is_loopback) or " " in url:
            problems.append("Adressen skal være fuldstændig og begynde med https://.")
        return problems


def zulu(moment: datetime) -> str:
    """Return a time as MeMo wants it: UTC with Z, to the second."""
    if moment.tzinfo is None:
        raise MessageIsMalformed("Et tidspunkt mangler tidszone.")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def kombi_request(message: MemoMessage) -> bytes:
    """Return the envelope of KOMBIT SF1601 around a Digital Post or NemSMS message, as UTF-8 XML."""
    choice = "NemSMS" if message.is_nemsms else "Digital Post"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f"<kombi_request><KombiValgKode>{choice}</KombiValgKode>{message.as_xml()}</kombi_request>"
    ).encode()
