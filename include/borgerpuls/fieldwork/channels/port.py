"""
The channel port: what every channel promises, whoever carries the message.

Accepted means that the gateway has taken the message over, never that it was delivered; that comes as a receipt.
An outcome is `not_sent` only when the gateway cannot have taken it: anything less certain is `unknown`.
"""

from dataclasses import dataclass
from typing import Protocol, TypeVar

from borgerpuls.terms import MessageState

Message = TypeVar("Message", contravariant=True)  # noqa: PLC0105 - reads as the noun it is


@dataclass(frozen=True)
class Outcome:
    """What became of one call: *state* accepted, rejected, unknown, or planned when it was surely not sent."""

    state: MessageState
    reason: str | None = None
    retry_after_seconds: float = 0.0


ACCEPTED = Outcome(MessageState.ACCEPTED)


def rejected(reason: str) -> Outcome:
    """Return that the gateway has refused the message for good."""
    return Outcome(MessageState.REJECTED, reason)


def unknown(reason: str) -> Outcome:
    """Return that the gateway may or may not have the message."""
    return Outcome(MessageState.UNKNOWN, reason)


def not_sent(reason: str, retry_after_seconds: float = 1.0) -> Outcome:
    """Return that the gateway surely does not have the message; it may be sent later."""
    return Outcome(MessageState.PLANNED, reason, retry_after_seconds)


class Channel(Protocol[Message]):
    """Carries messages of one kind. Safe to call from several threads."""

    def send(self, message: Message) -> Outcome:
        """Send once, without retry, and return what became of it."""


class Registration(Protocol):
    """Knows who can be reached by Digital Post."""

    def is_registered(self, cpr: str) -> bool:
        """Look one person up. May be retried: it changes nothing."""
