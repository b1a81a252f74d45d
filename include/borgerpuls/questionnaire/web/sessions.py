"""
What a browser carries between pages, signed so that it cannot be changed: whose form, in which language, since when.

Nothing of it is stored by the service, and no clock time of a citizen ever reaches the database: the time that a page was
opened travels with the page and only the difference is added up.
"""

import base64
import binascii
import hmac
import time
import uuid
from dataclasses import dataclass

from borgerpuls.vault import Vault

SESSION_SECONDS = 12 * 3600
RECEIPT_SECONDS = 15 * 60
LONGEST_PAGE_SECONDS = 15 * 60
"""A page that was open longer counts as this long: the citizen was away."""
_SIGNATURE_LENGTH = 18


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that has been let in to one form."""

    response_id: uuid.UUID
    language: str
    blank_starts: int = 0
    """Of the form when the browser was let in; a code issued by staff ends every session from before."""


def stopwatch() -> int:
    """Return whole seconds that only ever serve as a difference; what day it is comes from the round's clock."""
    return int(time.time())


def seal_session(keys: Vault, session: Session, purpose: str = "form") -> str:
    """Return *session* as a cookie's value; *purpose* is `form`, `receipt` or `own`."""
    return _seal(keys, purpose, f"{session.response_id.hex}|{session.language}|{session.blank_starts}|{stopwatch()}")


def open_session(keys: Vault, cookie: str | None, purpose: str = "form") -> Session | None:
    """Return the session of a cookie; None when it is missing, forged, for another purpose, or too old."""
    content = _open(keys, purpose, cookie or "")
    if content is None or content.count("|") != 3:
        return None
    response_hex, language, blank_starts, issued = content.split("|")
    longest = SESSION_SECONDS if purpose == "form" else RECEIPT_SECONDS
    if stopwatch() - int(issued) > longest:
        return None
    return Session(uuid.UUID(hex=response_hex), language, int(blank_starts))


def seal_page(keys: Vault, response_id: uuid.UUID, page_id: str) -> str:
    """Return the mark that a page carries: that we showed it to this form, and when."""
    return _seal(keys, "page", f"{response_id.hex}|{page_id}|{stopwatch()}")


def seconds_on_page(keys: Vault, mark: str, response_id: uuid.UUID, page_id: str) -> int | None:
    """Return how long the page was open, or None when the mark is not ours for this form and page."""
    content = _open(keys, "page", mark)
    if content is None or not content.startswith(f"{response_id.hex}|{page_id}|"):
        return None
    return max(0, min(stopwatch() - int(content.rsplit("|", 1)[1]), LONGEST_PAGE_SECONDS))


def is_of_another_form(keys: Vault, mark: str, response_id: uuid.UUID) -> bool:
    """Return whether the mark is ours, but of a page that was shown to another form."""
    content = _open(keys, "page", mark)
    return content is not None and not content.startswith(f"{response_id.hex}|")


def _seal(keys: Vault, purpose: str, content: str) -> str:
    signature = keys.session_signature(f"{purpose}|{content}".encode())[:_SIGNATURE_LENGTH]
    return base64.urlsafe_b64encode(signature + content.encode()).decode().rstrip("=")


def _open(keys: Vault, purpose: str, sealed: str) -> str | None:
    try:
        raw = base64.urlsafe_b64decode(sealed.encode("ascii") + b"=" * (-len(sealed) % 4))
        content = raw[_SIGNATURE_LENGTH:].decode()
    except (ValueError, binascii.Error):
        return None
    expected = keys.session_signature(f"{purpose}|{content}".encode())[:_SIGNATURE_LENGTH]
    return content if hmac.compare_digest(expected, raw[:_SIGNATURE_LENGTH]) else None
