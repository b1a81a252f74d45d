"""
Letters and texts: the Danish templates, a municipality's own words, and one person's link and code.

Pure. A template is written once for each municipality, with gaps; a person's name, code and link are put into the gaps.
A municipality's words and a person's name are data: they are escaped and never read as templates, so braces stay braces. A letter is called confidential, never anonymous: while a link exists, somebody could follow it.
"""

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import escape

from borgerpuls.errors import MunicipalityTextIsUnusable

LETTER_TEMPLATES = {1: "invitation.html.j2", 2: "reminder_1.html.j2", 3: "reminder_2.html.j2"}
PAPER = "paper_invitation.html.j2"
"""The invitation on paper: the address in the envelope's window, and the code without the long link."""
SMS_BESIDE = "sms_beside.txt.j2"
"""The text beside a letter in Digital Post: no link, because links in texts are distrusted."""
SMS_ALONE = "sms_alone.txt.j2"
"""The text to a person whom nothing else reaches: address and code."""

LINK_PATH = "/s/"
GENUINE_PATH = "/aegte"
SMS_SENDER_LENGTH = 11
LONGEST_FIELD = 200
LONGEST_PARAGRAPH = 1500

_LATIN = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "Æ": "Ae", "Ø": "Oe", "Å": "Aa"})
_REQUIRED = ("sender_name", "contact_name", "contact_phone", "contact_email", "contact_hours", "dpo_contact")


@dataclass(frozen=True)
class MunicipalityText:
    """A municipality's own words. `local_paragraph` and `logo_url` may be empty."""

    sender_name: str
    sms_sender: str
    contact_name: str
    contact_phone: str
    contact_email: str
    contact_hours: str
    dpo_contact: str
    local_paragraph: str = ""
    logo_url: str = ""

    def check(self) -> None:
        """
        Refuse words that cannot be sent.

        Raises:
            MunicipalityTextIsUnusable: A field is empty, too long or holds control characters.
        """
        problems = [f"{name} mangler." for name in _REQUIRED if not getattr(self, name).strip()]
        for name, value in asdict(self).items():
            longest = LONGEST_PARAGRAPH if name == "local_paragraph" else LONGEST_FIELD
            if len(value) > longest:
                problems.append(f"{name} er på {len(value)} tegn; der er plads til {longest}.")
            if any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in value):
                problems.append(f"{name} indeholder styretegn.")
        if not (self.sms_sender.isascii() and self.sms_sender.isalnum() and len(self.sms_sender) <= SMS_SENDER_LENGTH):
            problems.append(f"sms_sender skal være 1-{SMS_SENDER_LENGTH} bogstaver og tal uden æ, ø og å.")
        if self.logo_url and not self.logo_url.startswith("https://"):
            problems.append("logo_url skal begynde med https://.")
        if problems:
            raise MunicipalityTextIsUnusable(
                " ".join(problems), where=self.sender_name[:60], next_step="Ret teksten, og læs den ind igen."
            )


@dataclass(frozen=True)
class Recipient:
    """What a letter says of one person; never kept."""

    name: str
    token: str
    code: str
    address: str = ""
    """The lines below the name on an envelope; only a paper letter shows them."""


@dataclass(frozen=True)
class LetterDates:
    """The dates that a round's letters mention."""

    reference_start_date: date
    reference_end_date: date
    invitation_date: date
    reminder_1_date: date
    reminder_2_date: date
    close_date: date

    def of_wave(self, wave: int) -> date:
        """Return the day a wave is written."""
        return (self.invitation_date, self.reminder_1_date, self.reminder_2_date)[wave - 1]


@dataclass(frozen=True)
class Letter:
    """A finished letter: its title and its page."""

    subject: str
    html: str


class LetterBook:
    """
    The templates of one folder, ready to write the letters of one round.

    Args:
        folder: Where the templates are (`templates/letters`).
        dates: The round's dates.
        questionnaire_url: Where citizens answer, without a trailing slash.
    """

    def __init__(self, folder: Path, dates: LetterDates, questionnaire_url: str) -> None:
        self._folder = folder
        self._dates = dates
        self._url = questionnaire_url
        loader = FileSystemLoader(folder)
        html = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
        plain = Environment(loader=loader, autoescape=False, undefined=StrictUndefined)  # noqa: S701 - an SMS is text
        self._templates = {name: html.get_template(name) for name in (*LETTER_TEMPLATES.values(), PAPER)}
        self._templates |= {name: plain.get_template(name) for name in (SMS_BESIDE, SMS_ALONE)}
        self._forms: dict[tuple[str, MunicipalityText], _Form] = {}
        self._defaults: dict[str, Any] = yaml.safe_load((folder / "municipality.yaml").read_text(encoding="utf-8"))
        self._shown_dates = {
            wave: {
                "letter_date": _danish(dates.of_wave(wave)),
                "close_date": _danish(dates.close_date, weekday=True),
                "reference_start": _danish(dates.reference_start_date),
                "reference_end": _danish(dates.reference_end_date),
            }
            for wave in LETTER_TEMPLATES
        }

    def letter(self, wave: int, text: MunicipalityText, recipient: Recipient) -> Letter:
        """Return the letter of *wave* (1 invitation, 2 and 3 reminders) to one person."""
        return Letter(self.subject(wave), self._form(LETTER_TEMPLATES[wave], wave, text).filled(self._shown(recipient)))

    def paper(self, text: MunicipalityText, recipient: Recipient) -> Letter:
        """Return the invitation to one person as a page to print."""
        return Letter(self.subject(1), self._form(PAPER, 1, text).filled(self._shown(recipient)))

    def sms(self, text: MunicipalityText, recipient: Recipient, *, is_alone: bool) -> str:
        """Return the text to one person: with address and code when it is the only message that reaches."""
        return self._form(SMS_ALONE if is_alone else SMS_BESIDE, 0, text).filled(self._shown(recipient))

    def subject(self, wave: int) -> str:
        """Return the title of a wave's letter."""
        subject: str = self._defaults["subjects"][wave]
        return subject

    def link(self, recipient: Recipient) -> str:
        """Return a person's own address."""
        return f"{self._url}{LINK_PATH}{recipient.token}"

    def standard_text(self, municipality_name: str) -> MunicipalityText:
        """Return the words of a municipality that has sent none of its own."""
        fields = {name: str(self._defaults[name]).replace("{name}", municipality_name) for name in _REQUIRED}
        return MunicipalityText(**fields, sms_sender=sms_sender(municipality_name))

    def fingerprint(self) -> str:
        """Return the SHA-256 of every template and of what is printed from settings and plan, in hexadecimal."""
        digest = hashlib.sha256()
        for path in sorted(self._folder.iterdir()):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
        digest.update(self._url.encode() + b"\0" + repr(self._shown_dates).encode())
        return digest.hexdigest()

    @cached_property
    def _addresses(self) -> dict[str, str]:
        return {"code_url": self._url, "genuine_url": self._url + GENUINE_PATH}

    def _form(self, name: str, wave: int, text: MunicipalityText) -> "_Form":
        """Return a template with everything in it but the recipient, written once for each municipality."""
        form = self._forms.get((name, text))
        if form is None:
            written = self._templates[name].render(
                subject=self.subject(wave) if wave else "",
                text=text,
                recipient=_GAPS,
                **self._addresses,
                **self._shown_dates.get(wave, {}),
            )
            form = self._forms[name, text] = _Form.of(written, is_html=name.endswith(".html.j2"))
        return form

    def _shown(self, recipient: Recipient) -> dict[str, str]:
        return {
            "name": recipient.name,
            "address": recipient.address,
            "code": shown_code(recipient.code),
            "link": self.link(recipient),
        }


_MARK = secrets.token_hex(8)
"""Marks the gaps in a form; drawn anew in each process, so that no municipality's words can hold it."""
_GAPS = {name: f"[{_MARK}:{name}]" for name in ("name", "address", "code", "link")}
_GAP = re.compile(rf"\[{_MARK}:(\w+)\]")


@dataclass(frozen=True)
class _Form:
    """A written template with gaps for what is one person's: literal, name of a gap, literal, …, literal."""

    pieces: tuple[str, ...]
    is_html: bool

    @classmethod
    def of(cls, written: str, *, is_html: bool) -> "_Form":
        return cls(tuple(_GAP.split(written)), is_html)

    def filled(self, values: Mapping[str, str]) -> str:
        """Return the text with *values* in the gaps, escaped in HTML; they are never read as templates."""
        pieces = list(self.pieces)
        for place in range(1, len(pieces), 2):
            value = values[pieces[place]]
            pieces[place] = str(escape(value)) if self.is_html else value
        return "".join(pieces)


def shown_code(code: str) -> str:
    """Return a typed code in groups, as people copy it: `ABCDE-FGHJK-M`."""
    return "-".join((code[:5], code[5:10], code[10:]))


def sms_sender(municipality_name: str) -> str:
    """Return the sender an SMS shows: at most 11 letters and digits, æ, ø and å written out."""
    written_out = municipality_name.translate(_LATIN)
    kept = "".join(character for character in written_out if character.isascii() and character.isalnum())
    return kept[:SMS_SENDER_LENGTH]


def _danish(day: date, *, weekday: bool = False) -> str:
    return format_date(day, "EEEE 'den' d. MMMM y" if weekday else "d. MMMM y", locale="da_DK")
