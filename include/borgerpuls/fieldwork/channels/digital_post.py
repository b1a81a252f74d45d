"""
Digital Post through KOMBIT's KombiPostAfsend (SF1601) and PostForespørg, in their wire formats.

The service tokens of the real connection come with its own issue; here the shared secret stands in their place.
Source: shared/INTEGRATION.md § 1.2.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from borgerpuls.errors import GatewayIsDown, GatewayRefusesUs
from borgerpuls.fieldwork.channels.http import FateUnknownError, GatewayConnections, NeverSentError, Reply
from borgerpuls.fieldwork.channels.memo import zulu
from borgerpuls.fieldwork.channels.port import ACCEPTED, Outcome, not_sent, rejected, unknown
from borgerpuls.fieldwork.channels.xml import UnreadableXmlError, read_xml, text_of

LOOK_UP_PATH = "/service/PostForespoerg_1/digitalpost?cprNumber="
SEND_PATH = "/service/KombiPostAfsend_1/kombi"
_CPR = re.compile(r"\d{10}", re.ASCII)


@dataclass(frozen=True)
class DigitalPost:
    """One `kombi_request` (see memo.py) and the transaction it is sent in."""

    transaction_id: UUID
    sent_at: datetime
    request: bytes = field(repr=False)


class DigitalPostGateway:
    """KombiPostAfsend and PostForespørg at one address."""

    def __init__(self, connections: GatewayConnections, token: str) -> None:
        self._connections = connections
        self._authorization = {"authorization": f"Holder-of-key {token}"}

    def is_registered(self, cpr: str) -> bool:
        """
        Look up whether a person receives Digital Post.

        Raises:
            GatewayIsDown: No usable answer after several tries.
            GatewayRefusesUs: The gateway does not accept our credentials.
        """
        if not _CPR.fullmatch(cpr):
            return False
        reply = self._connections.look_up(LOOK_UP_PATH + cpr, self._authorization)
        _refuse_refusal(reply)
        try:
            return bool(json.loads(reply.body)["result"]) if reply.status == 200 else False
        except (ValueError, KeyError, TypeError):
            raise GatewayIsDown(
                "Opslaget i PostForespørg gav et svar, der ikke kan læses.", next_step="Intet er sendt; prøv igen."
            ) from None

    def send(self, message: DigitalPost) -> Outcome:
        """
        Send once.

        Raises:
            GatewayRefusesUs: The gateway does not accept our credentials; nothing was sent.
        """
        headers = self._authorization | {
            "content-type": "application/xml",
            "x-TransaktionsId": str(message.transaction_id),
            "x-TransaktionsTid": zulu(message.sent_at),
        }
        try:
            reply = self._connections.call("POST", SEND_PATH, headers, message.request)
        except NeverSentError as error:
            return not_sent(f"ingen forbindelse ({error})")
        except FateUnknownError as error:
            return unknown(f"intet svar ({error})")
        return outcome_of_reply(reply)


def outcome_of_reply(reply: Reply) -> Outcome:
    """
    Return what a reply of KombiPostAfsend means for the message.

    Raises:
        GatewayRefusesUs: Status 401, 403 or 404.
    """
    _refuse_refusal(reply)
    held = outcome_of_status(reply)
    if held is not None:
        return held
    try:
        root = read_xml(reply.body)
    except UnreadableXmlError:
        return unknown(f"svar {reply.status} kan ikke læses")
    result, code = text_of(root, "Result"), text_of(root, "FejlKode")
    if reply.status == 200 and result == "true":
        return ACCEPTED
    if reply.status in {200, 400, 409, 422} and (result == "false" or code):
        return rejected(code or "uden fejlkode")
    return unknown(f"svar {reply.status} siger hverken ja eller nej")


def outcome_of_status(reply: Reply) -> Outcome | None:
    """Return what the status alone says: surely not sent, in doubt, or None when the body must be read."""
    wait = reply.retry_after()
    if reply.status == 429 or (reply.status == 503 and wait is not None):
        # A 503 that names a time to come back was answered before the work; one without may come from half-way.
        return not_sent(f"svar {reply.status}", 1.0 if wait is None else wait)
    if reply.status >= 500:
        return unknown(f"svar {reply.status}")
    return None


def _refuse_refusal(reply: Reply) -> None:
    if reply.status in {401, 403, 404}:
        raise GatewayRefusesUs(
            f"Digital Post-gatewayen svarer {reply.status}.",
            next_step="Se efter adresse og adgang (BORGERPULS_DIGITAL_POST_GATEWAY_URL, BORGERPULS_GATEWAY_TOKEN).",
        )
