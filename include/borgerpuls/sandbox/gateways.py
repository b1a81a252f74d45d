"""
The sandbox gateways: Digital Post and SMS as processes of their own, in the wire formats of the real ones.

They write to nobody. Each keeps an append-only ledger of what it accepted, which is the oracle of the fault tests, and
refuses every CPR number that is not invented (day of birth plus 60). Faults are drawn by a seed, and deduplication on
our message id is a switch, because nobody has promised it of the real ones. Addresses are never logged: a look-up's
address holds a CPR number.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import random
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs

from borgerpuls.errors import SettingIsMissing
from borgerpuls.fieldwork.channels.xml import UnreadableXmlError, read_xml, text_of
from borgerpuls.fieldwork.receipt_source import SEAL_HEADER
from borgerpuls.fieldwork.receipts import seal
from borgerpuls.sandbox.wire import Reply, Request, serve
from borgerpuls.settings import settings

Kind = Literal["digital_post", "sms"]
JSON, XML = "application/json", "application/xml"

FAULTS = (
    "too_many", "unavailable", "error_before", "error_after", "silence_after", "reset_after", "lying_ok", "broken_xml",
    "stall",
)  # fmt: skip
"""What can go wrong with a call: `_before` means before it is accepted, `_after` after."""
SEND_PATHS: dict[Kind, str] = {"digital_post": "/service/KombiPostAfsend_1/kombi", "sms": "/rest/mtsms"}
RECEIPT_FAULTS = ("twice", "late", "contradictory", "stranger", "garbage")
BEFORE = {
    "too_many": Reply(429, headers={"retry-after": "1"}),
    "unavailable": Reply(503, headers={"retry-after": "1"}),
    "error_before": Reply(500, b"internal error"),
}
"""Faults that strike before a message is looked at."""
STALL_SECONDS = 0.5
SYNTHETIC = re.compile(r"[6-9]\d{9}", re.ASCII)

_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><ns4:ModtagBeskedInput xmlns="urn:oio:sagdok:3.0.0" '
    'xmlns:ns2="urn:oio:besked:kuvert:1.0" xmlns:ns4="urn:oio:sts:1.0.0"><ns2:Haendelsesbesked><ns2:BeskedId>'
    "<UUIDIdentifikator>{receipt_id}</UUIDIdentifikator></ns2:BeskedId><ns2:BeskedVersion>1.0</ns2:BeskedVersion>"
    "<ns2:Beskedkuvert><ns2:Filtreringsdata><ns2:Beskedtype><UUIDIdentifikator>"
    "d2bed63c-4853-4008-b6e0-a74c15b15fbf</UUIDIdentifikator></ns2:Beskedtype></ns2:Filtreringsdata>"
    '</ns2:Beskedkuvert><ns2:Beskeddata><Base64 xmlns="urn:besked:kuvert:1.0">{status}</Base64></ns2:Beskeddata>'
    "</ns2:Haendelsesbesked></ns4:ModtagBeskedInput>"
)
_STATUS = (
    '<PKO_PostStatus xmlns="http://serviceplatformen.dk/xml/print/PKO_PostStatus/1/types">'
    "<TransmissionId>{transmission_id}</TransmissionId><MessageUUID>{message_id}</MessageUUID>"
    "<KanalKode>{channel}</KanalKode><TransaktionsDatoTid>{at}</TransaktionsDatoTid>"
    "<TransaktionsStatusKode>{status}</TransaktionsStatusKode><CorrelationId>{transmission_id}</CorrelationId>"
    "{error}</PKO_PostStatus>"
)


@dataclass(frozen=True)
class GatewayPlan:
    """How one sandbox gateway behaves."""

    kind: Kind
    token: str
    ledger: Path
    registrations: Path | None = None
    """CSV with `cpr`, `is_digital_post` and `is_nemsms`, read again when it changes; without it everybody is registered."""
    bodies: Path | None = None
    """Folder for what was accepted, one file per message id, to be looked at: invented people only."""
    deduplicates: bool = False
    fault_share: float = 0.0
    fault_kinds: tuple[str, ...] = ()
    """Some of FAULTS; all when empty."""
    receipt_fault_share: float = 0.0
    undeliverable_share: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Accepted:
    """One accepted message: a line of the ledger."""

    message_id: str
    transaction_id: str
    recipient: str
    """Keyed hash: the ledger holds nobody's number."""
    at: int
    body_sha256: str

    def line(self) -> str:
        """Return the ledger's line."""
        return "\t".join((self.message_id, self.transaction_id, self.recipient, str(self.at), self.body_sha256)) + "\n"


def read_ledger(path: Path, start: int = 0) -> list[Accepted]:
    """Return what a gateway has accepted, in order, from byte *start* on."""
    if not path.exists():
        return []
    accepted = []
    with path.open("rb") as file:
        file.seek(start)
        lines = file.read().decode().splitlines()
    for line in lines:
        message_id, transaction_id, recipient, at, body_sha256 = line.split("\t")
        accepted.append(Accepted(message_id, transaction_id, recipient, int(at), body_sha256))
    return accepted


def repeats_path(ledger: Path) -> Path:
    """Return the file beside a ledger in which a gateway that takes each id once keeps what it was offered again."""
    return ledger.with_name(f"{ledger.stem}.repeats{ledger.suffix}")


@dataclass
class Gateway:
    """One gateway."""

    plan: GatewayPlan
    _accepted: list[Accepted] = field(default_factory=list)
    _positions: dict[str, int] = field(default_factory=dict)
    _registered: dict[str, tuple[bool, bool]] = field(default_factory=dict)
    _registrations_read_at: float = -1.0
    _looked_at: float = 0.0

    def __post_init__(self) -> None:
        self.plan.ledger.parent.mkdir(parents=True, exist_ok=True)
        for accepted in read_ledger(self.plan.ledger):
            self._remember(accepted)
        self._file = os.open(self.plan.ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._dice = random.Random(self.plan.seed)
        token = self.plan.token
        basic = base64.b64encode(f"{token}:".encode()).decode()
        self._authorizations = {f"Holder-of-key {token}", f"Bearer {token}", f"Basic {basic}"}

    def answer(self, request: Request, write: Callable[[Reply], None]) -> None:
        """Answer one call: now, late, or never."""
        path, method = request.path, request.method
        if path == "/health":
            write(Reply(200, b"ok"))
        elif request.headers.get("authorization") not in self._authorizations:
            write(Reply(401))
        elif path == "/receipts" and method == "GET":
            write(self._handed_out_receipts(request.query))
        elif self.plan.kind == "digital_post" and path.startswith("/service/PostForespoerg_1/") and method == "GET":
            write(self._looked_up(path, request.query))
        elif path == SEND_PATHS[self.plan.kind] and method == "POST":
            self._meet(request, write)
        else:
            write(Reply(404))

    # --- registration ---------------------------------------------------------------------------------------------

    def _looked_up(self, path: str, query: str) -> Reply:
        cpr = parse_qs(query).get("cprNumber", [""])[0]
        if not SYNTHETIC.fullmatch(cpr):
            return Reply(422, b'{"error":"only invented numbers"}', JSON)
        self._read_registrations()
        digital_post, nemsms = self._registered.get(cpr, (True, True)) if self._registered else (True, True)
        is_registered = digital_post if path.endswith("/digitalpost") else nemsms
        return Reply(200, b'{"result": true}' if is_registered else b'{"result": false}', JSON)

    def _read_registrations(self) -> None:
        path = self.plan.registrations
        if path is None or time.monotonic() - self._looked_at < 1.0:
            return
        self._looked_at = time.monotonic()
        try:
            changed_at = path.stat().st_mtime
        except OSError:
            return
        if changed_at == self._registrations_read_at:
            return
        self._registrations_read_at = changed_at
        heading, *lines = path.read_text(encoding="utf-8").splitlines()
        columns = heading.split(",")
        cpr, digital_post, nemsms = (columns.index(name) for name in ("cpr", "is_digital_post", "is_nemsms"))
        truth = {"1", "true", "True", "ja"}
        rows = (line.split(",") for line in lines if line)
        self._registered = {row[cpr]: (row[digital_post] in truth, row[nemsms] in truth) for row in rows}

    # --- messages -------------------------------------------------------------------------------------------------

    def _meet(self, request: Request, write: Callable[[Reply], None]) -> None:
        """Take a message, or let the fault that is drawn happen to it."""
        fault = self._draw_fault()
        if fault in BEFORE:
            write(BEFORE[fault])
        elif fault == "stall":
            asyncio.get_running_loop().call_later(STALL_SECONDS, lambda: write(self._take(request, fault)))
        else:
            reply = self._take(request, fault)
            if fault != "silence_after":
                write(reply)

    def _take(self, request: Request, fault: str | None) -> Reply:
        is_post = self.plan.kind == "digital_post"
        accepted, problem = self._read_kombi(request) if is_post else self._read_mtsms(request.body)
        if accepted is None or fault == "lying_ok":
            return self._refusal(problem or "sandbox.lying_ok")
        if self.plan.bodies:
            self.plan.bodies.mkdir(parents=True, exist_ok=True, mode=0o700)
            (self.plan.bodies / f"{accepted.message_id}.{'xml' if is_post else 'json'}").write_bytes(request.body)
        position = self._accept(accepted)
        if fault == "error_after":
            return Reply(500, b"internal error")
        if fault == "broken_xml":
            return Reply(200, b"<kombi_response><Result>tr", XML)
        if is_post:
            transmission = uuid.uuid5(uuid.NAMESPACE_OID, accepted.message_id)
            answer = (
                f"<kombi_response><Result>true</Result><TransmissionID>{transmission}</TransmissionID></kombi_response>"
            )
        else:
            answer = json.dumps({"ids": [position], "usage": {"countries": {"DK": 1}, "currency": "DKK"}})
        return Reply(200, answer.encode(), XML if is_post else JSON, is_torn=fault == "reset_after")

    def _draw_fault(self) -> str | None:
        if self.plan.fault_share and self._dice.random() < self.plan.fault_share:
            return self._dice.choice(self.plan.fault_kinds or FAULTS)
        return None

    def _read_kombi(self, request: Request) -> tuple[Accepted | None, str]:
        body, headers = request.body, request.headers
        try:
            root = read_xml(body)
        except UnreadableXmlError:
            return None, "memo.invalid"
        if root.tag != "kombi_request" or b"<memo:Message " not in body:
            return None, "memo.invalid"
        cpr, message_id = text_of(root, "recipientID") or "", text_of(root, "messageUUID") or ""
        if not SYNTHETIC.fullmatch(cpr):
            return None, "sandbox.real_number"
        try:
            if uuid.UUID(message_id).version != 4:
                return None, "memo.invalid"
        except ValueError:
            return None, "memo.invalid"
        transaction_id = headers.get("x-transaktionsid", "")
        at = headers.get("x-transaktionstid", "")
        if not transaction_id or not at.endswith("Z"):
            return None, "transaktion.mangler"
        moment = int(datetime.fromisoformat(at).timestamp())
        return self._accepted_line(message_id, transaction_id, cpr, moment, body), ""

    def _read_mtsms(self, body: bytes) -> tuple[Accepted | None, str]:
        try:
            text = json.loads(body)
            recipients = text["recipients"]
            number, reference = str(int(recipients[0]["msisdn"])), str(uuid.UUID(text["userref"]))
            message, sender = str(text["message"]), str(text["sender"])
        except (ValueError, KeyError, TypeError, IndexError):
            return None, "0x0213"
        if not message or not re.fullmatch(r"[A-Za-z0-9]{1,11}|\d{1,15}", sender) or len(recipients) != 1:
            return None, "0x0213"
        return self._accepted_line(reference, "", number, int(time.time()), body), ""

    def _accepted_line(self, message_id: str, transaction_id: str, number: str, at: int, body: bytes) -> Accepted:
        recipient = hmac.new(self.plan.token.encode(), number.encode(), hashlib.sha256).hexdigest()[:16]
        return Accepted(message_id, transaction_id, recipient, at, hashlib.sha256(body).hexdigest()[:16])

    def _accept(self, accepted: Accepted) -> int:
        if self.plan.deduplicates and accepted.message_id in self._positions:
            with repeats_path(self.plan.ledger).open("a", encoding="utf-8") as repeats:
                repeats.write(accepted.line())
            return self._positions[accepted.message_id]
        os.write(self._file, accepted.line().encode())
        return self._remember(accepted)

    def _remember(self, accepted: Accepted) -> int:
        self._accepted.append(accepted)
        self._positions.setdefault(accepted.message_id, len(self._accepted))
        return len(self._accepted)

    def _refusal(self, code: str) -> Reply:
        if self.plan.kind == "digital_post":
            answer = (
                "<kombi_response><Result>false</Result><Fejl><FejlId>1</FejlId>"
                f"<FejlKode>{code}</FejlKode><FejlTekst>Afvist af sandkassen</FejlTekst></Fejl></kombi_response>"
            )
            return Reply(200, answer.encode(), XML)
        problem = {"code": code, "incident_uuid": str(uuid.UUID(int=0)), "message": "refused", "variables": []}
        return Reply(422, json.dumps(problem).encode(), JSON)

    # --- receipts -------------------------------------------------------------------------------------------------

    def _handed_out_receipts(self, query: str) -> Reply:
        asked = parse_qs(query)
        after, limit = int(asked.get("after", ["0"])[0]), int(asked.get("limit", ["1000"])[0])
        receipts = [
            {"position": position, "content": base64.b64encode(content).decode()}
            for position, content in enumerate(self._receipts(after, limit), start=after + 1)
        ]
        body = json.dumps({"receipts": receipts}).encode()
        return Reply(200, body, JSON, {SEAL_HEADER: seal(self.plan.token, body)})

    def _receipts(self, after: int, limit: int) -> list[bytes]:
        """Return receipts after a position: each accepted message has two, interim and final."""
        last = min(after + limit, 2 * len(self._accepted))
        return [self._receipt(position // 2, is_second=bool(position % 2)) for position in range(after, last)]

    def _receipt(self, index: int, *, is_second: bool) -> bytes:
        """
        Return a message's first receipt (interim) or second (final), or what a fault makes of it.

        Drawn by the seed and the message id, so that the same queue is handed out at every reading.
        """
        accepted = self._accepted[index]
        dice = random.Random(f"{self.plan.seed}|{accepted.message_id}|{is_second}")
        is_faulty = dice.random() < self.plan.receipt_fault_share
        fault = dice.choice(RECEIPT_FAULTS) if is_faulty else ""
        fate = random.Random(f"{self.plan.seed}|{accepted.message_id}|fate").random()
        is_delivered = fate >= self.plan.undeliverable_share
        if fault == "garbage":
            return b"<ModtagBeskedInput><not-closed>"
        message_id = (
            str(uuid.uuid5(uuid.NAMESPACE_OID, accepted.message_id)) if fault == "stranger" else accepted.message_id
        )
        if fault == "contradictory":
            is_delivered = not is_delivered
        is_final = is_second != (fault in {"late", "twice"})
        if fault == "twice":
            is_final = True
        return self._written(
            message_id, accepted.at + (130_000 if fault == "late" else 5), is_final=is_final, is_delivered=is_delivered
        )

    def _written(self, message_id: str, at: int, *, is_final: bool, is_delivered: bool) -> bytes:
        if self.plan.kind == "sms":
            status = ("DELIVERED" if is_delivered else "UNDELIVERABLE") if is_final else "ENROUTE"
            fields = {"id": int(message_id[:8], 16), "time": at, "status": status, "userref": message_id}
            if status == "UNDELIVERABLE":
                fields["code"] = "0x1005"
            return json.dumps(fields).encode()
        status = ("Afleveret Digital Post" if is_delivered else "Fejlet") if is_final else "Modtaget Digital Post"
        error = "<FejlDetaljer><FejlKode>recipient.not_found</FejlKode></FejlDetaljer>" if status == "Fejlet" else ""
        inner = _STATUS.format(
            transmission_id=uuid.uuid5(uuid.NAMESPACE_OID, message_id),
            message_id=message_id,
            channel="Digital Post",
            at=datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            status=status,
            error=error,
        )
        receipt_id = uuid.uuid5(uuid.NAMESPACE_URL, f"{message_id}|{status}")
        return _ENVELOPE.format(receipt_id=receipt_id, status=base64.b64encode(inner.encode()).decode()).encode()


def serve_by_hand(
    kind: str, host: str, port: int, *, ledger: Path | None, registrations: Path | None, **behaviour: Any
) -> None:
    """
    Serve a gateway with the shared secret and, where nothing else is said, the folder of the settings.

    Raises:
        SettingIsMissing: There is no shared secret, or no such kind of gateway.
    """
    if kind not in SEND_PATHS:
        raise SettingIsMissing(f"There is no gateway {kind!r}.", next_step="Choose digital_post or sms.")
    folder = settings().gateway_place()
    plan = GatewayPlan(
        kind="digital_post" if kind == "digital_post" else "sms",
        token=settings().require("gateway_token"),
        ledger=ledger or folder / f"{kind}.tsv",
        registrations=registrations or folder / "registrations.csv",
        **behaviour,
    )
    serve(Gateway(plan).answer, host, port)
