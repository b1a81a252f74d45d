"""
SMS: usable numbers, the length of a text, and a gateway of GatewayAPI's shape.

Source: GSM 03.38 (alphabet), Energistyrelsen's numbering plan via `phonenumbers`, GatewayAPI's REST documentation;
shared/INTEGRATION.md § 2. GatewayAPI's `userref` is not an idempotency key.
"""

import base64
import json
import re
from dataclasses import dataclass, field
from functools import lru_cache

import phonenumbers

from borgerpuls.errors import GatewayRefusesUs
from borgerpuls.fieldwork.channels.digital_post import outcome_of_status
from borgerpuls.fieldwork.channels.http import FateUnknownError, GatewayConnections, NeverSentError
from borgerpuls.fieldwork.channels.port import ACCEPTED, Outcome, not_sent, rejected, unknown

SEND_PATH = "/rest/mtsms"

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED = frozenset("^{}\\[~]|€\f")
_PLAIN = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " ", "•": "-"}
)

# fmt: off
MOBILE_SERIES = (
    "2", "30", "31", "40", "41", "42", "50", "51", "52", "53", "60", "61", "71", "81", "91", "92", "93", "342",
    "344", "345", "346", "347", "348", "349", "356", "357", "359", "362", "365", "366", "389", "398", "431",
    "441", "462", "466", "468", "472", "474", "476", "478", "485", "486", "488", "489", "493", "494", "495",
    "496", "498", "499", "542", "543", "545", "551", "552", "556", "571", "572", "573", "574", "577", "579",
    "584", "586", "587", "589", "597", "598", "627", "629", "641", "649", "658", "662", "663", "664", "665",
    "667", "692", "693", "694", "697", "771", "772", "782", "783", "785", "786", "788", "789", "826", "827",
    "829",
)
# fmt: on
"""Danish series given to mobile numbers; all others are fixed lines or services."""


@dataclass(frozen=True)
class SmsLength:
    """How a text is coded (`gsm7` or `ucs2`), its units and its parts."""

    encoding: str
    unit_count: int
    part_count: int


@dataclass(frozen=True)
class Number:
    """A number as the gateway wants it (`4520…`), or why it cannot be used."""

    msisdn: str | None
    problem: str = ""


@dataclass(frozen=True)
class Sms:
    """One text to one number. *reference* is our message id."""

    reference: str
    sender: str
    msisdn: str = field(repr=False)
    text: str = field(repr=False)


def plain_text(text: str) -> str:
    """Return *text* with typographic signs replaced, so that it stays in the cheap alphabet."""
    return text.translate(_PLAIN)


def sms_length(text: str) -> SmsLength:
    r"""
    Return the length of a text in parts.

    GSM-7 holds 160 units in one part and 153 in each of several; `^{}\[~]|€` take two units, and such a pair is never
    split. UCS-2 holds 70 and 67 UTF-16 units, surrogate pairs not split.
    """
    if all(character in GSM_BASIC or character in GSM_EXTENDED for character in text):
        widths = [2 if character in GSM_EXTENDED else 1 for character in text]
        return SmsLength("gsm7", sum(widths), _parts(widths, 160, 153))
    widths = [2 if ord(character) > 0xFFFF else 1 for character in text]
    return SmsLength("ucs2", sum(widths), _parts(widths, 70, 67))


@lru_cache(maxsize=65536)
def usable_number(written: str) -> Number:
    """
    Return the number a text can be sent to, from what a case system holds: spaces, `+45`, `0045`, landlines, foreign.

    Problems: `empty`, `unreadable`, `foreign`, `landline`, `invalid`.
    """
    if not written.strip():
        return Number(None, "empty")
    try:
        # An international number without its plus is read as one; eight digits are Danish.
        digits = re.sub(r"[\s().\-/]", "", written)
        if re.fullmatch(r"45\d{8}", digits):
            digits = "+" + digits
        number = phonenumbers.parse(digits, "DK")
    except phonenumbers.NumberParseException:
        return Number(None, "unreadable")
    if number.country_code != 45:
        return Number(None, "foreign" if phonenumbers.is_valid_number(number) else "invalid")
    if not phonenumbers.is_valid_number(number):
        return Number(None, "invalid")
    national = str(number.national_number)
    if not national.startswith(MOBILE_SERIES):
        return Number(None, "landline")
    return Number(f"45{national}")


class SmsGateway:
    """A gateway of GatewayAPI's shape."""

    def __init__(self, connections: GatewayConnections, token: str) -> None:
        self._connections = connections
        basic = base64.b64encode(f"{token}:".encode()).decode()
        self._headers = {"authorization": f"Basic {basic}", "content-type": "application/json"}

    def send(self, message: Sms) -> Outcome:
        """
        Send once.

        Raises:
            GatewayRefusesUs: The gateway does not accept our credentials; nothing was sent.
        """
        body = {
            "sender": message.sender,
            "message": message.text,
            "encoding": "UTF8" if sms_length(message.text).encoding == "gsm7" else "UCS2",
            "userref": message.reference,
            "recipients": [{"msisdn": int(message.msisdn)}],
        }
        try:
            reply = self._connections.call("POST", SEND_PATH, self._headers, json.dumps(body).encode())
        except NeverSentError as error:
            return not_sent(f"ingen forbindelse ({error})")
        except FateUnknownError as error:
            return unknown(f"intet svar ({error})")
        if reply.status in {401, 403, 404}:
            raise GatewayRefusesUs(
                f"SMS-gatewayen svarer {reply.status}.",
                next_step="Se efter adresse og adgang (BORGERPULS_SMS_GATEWAY_URL, BORGERPULS_GATEWAY_TOKEN).",
            )
        held = outcome_of_status(reply)
        if held is not None:
            return held
        try:
            answer = json.loads(reply.body)
        except ValueError:
            answer = None
        if reply.status == 200 and isinstance(answer, dict) and answer.get("ids"):
            return ACCEPTED
        if reply.status in {200, 400, 422} and isinstance(answer, dict) and "code" in answer:
            return rejected(str(answer["code"])[:60])
        return unknown(f"svar {reply.status} kan ikke læses")


def _parts(widths: list[int], alone: int, joined: int) -> int:
    if sum(widths) <= alone:
        return 1 if widths else 0
    parts, room = 1, joined
    for width in widths:
        if width > room:
            parts, room = parts + 1, joined
        room -= width
    return parts
