"""
Receipts: what the gateways tell afterwards, in their own envelopes.

Pure. A receipt may arrive before the reply, twice, out of order, a day and a half late, or for an id nobody knows; the
ledger keeps each once and moves only forward. Source: shared/INTEGRATION.md § 1.3 (Beskedfordeler SF1461) and § 2.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from borgerpuls.errors import ReceiptIsForged, ReceiptIsUnreadable
from borgerpuls.fieldwork.channels.xml import UnreadableXmlError, read_xml, text_of
from borgerpuls.terms import Channel, MessageState

POST_STATUS = {
    "Modtaget Digital Post": MessageState.ACCEPTED,
    "Afleveret Digital Post": MessageState.DELIVERED,
    "Fejlet": MessageState.FAILED,
}
SMS_STATUS = {
    "SCHEDULED": MessageState.ACCEPTED,
    "BUFFERED": MessageState.ACCEPTED,
    "ENROUTE": MessageState.ACCEPTED,
    "ACCEPTED": MessageState.ACCEPTED,
    "UNKNOWN": MessageState.ACCEPTED,
    "DELIVERED": MessageState.DELIVERED,
    "EXPIRED": MessageState.FAILED,
    "DELETED": MessageState.FAILED,
    "UNDELIVERABLE": MessageState.FAILED,
    "REJECTED": MessageState.FAILED,
    "SKIPPED": MessageState.FAILED,
}
CHANNELS = {"Digital Post": Channel.DIGITAL_POST, "NemSMS": Channel.SMS, "Fysisk Post": Channel.LETTER}
LONGEST_REASON = 120


@dataclass(frozen=True)
class Receipt:
    """One receipt. *receipt_id* is the same each time the same receipt comes."""

    receipt_id: str
    message_id: UUID
    status: MessageState
    reason: str | None
    channel: Channel
    occurred_at: datetime


def read_post_receipt(envelope: bytes) -> Receipt:
    """
    Return the receipt in a `ModtagBeskedInput` of the Beskedfordeler.

    Raises:
        ReceiptIsUnreadable: Not such an envelope, or a status nobody knows.
    """
    try:
        outer = read_xml(envelope)
        receipt_id = text_of(outer, "UUIDIdentifikator")
        inner = read_xml(base64.b64decode(text_of(outer, "Base64") or "", validate=True))
        status = POST_STATUS[text_of(inner, "TransaktionsStatusKode") or ""]
        return Receipt(
            receipt_id=str(UUID(receipt_id or "")),
            message_id=UUID(text_of(inner, "MessageUUID") or ""),
            status=status,
            reason=_shortened(text_of(inner, "FejlKode")) if status is MessageState.FAILED else None,
            channel=CHANNELS.get(text_of(inner, "KanalKode") or "", Channel.DIGITAL_POST),
            occurred_at=_moment(text_of(inner, "TransaktionsDatoTid") or ""),
        )
    except (UnreadableXmlError, binascii.Error, KeyError, ValueError) as error:
        raise ReceiptIsUnreadable(f"Kvitteringen kan ikke læses ({type(error).__name__}).") from None


def read_sms_receipt(status: Mapping[str, Any]) -> Receipt:
    """
    Return the receipt in a status message of GatewayAPI: `{id, msisdn, time, status, error, code, userref}`.

    Raises:
        ReceiptIsUnreadable: A field is missing or its value is nothing a gateway sends.
    """
    try:
        state = SMS_STATUS[str(status["status"])]
        return Receipt(
            receipt_id=f"sms-{int(status['id'])}-{status['status']}-{int(status['time'])}",
            message_id=UUID(str(status["userref"])),
            status=state,
            reason=_shortened(str(status.get("code") or status["status"])) if state is MessageState.FAILED else None,
            channel=Channel.SMS,
            occurred_at=datetime.fromtimestamp(int(status["time"]), UTC),
        )
    except (KeyError, ValueError, TypeError, OverflowError, OSError) as error:
        raise ReceiptIsUnreadable(f"Kvitteringen kan ikke læses ({type(error).__name__}).") from None


def seal(token: str, content: bytes) -> str:
    """Return the seal that receipts carry: HMAC-SHA256 with the shared secret, in hexadecimal."""
    return hmac.new(token.encode(), content, hashlib.sha256).hexdigest()


def check_seal(token: str, content: bytes, sealed: str) -> None:
    """
    Refuse receipts that somebody else has made.

    Raises:
        ReceiptIsForged: The seal is not that of the shared secret.
    """
    if not hmac.compare_digest(seal(token, content), sealed):
        raise ReceiptIsForged(
            "Kvitteringerne er ikke forseglet med den aftalte hemmelighed; ingen af dem er læst.",
            next_step="Se efter, om BORGERPULS_GATEWAY_TOKEN er ens hos os og hos gatewayen.",
        )


def _moment(written: str) -> datetime:
    moment = datetime.fromisoformat(written)
    if moment.tzinfo is None:
        message = "no time zone"
        raise ValueError(message)
    return moment


def _shortened(text: str | None) -> str:
    return "".join(character for character in (text or "uden fejlkode") if character.isprintable())[:LONGEST_REASON]
