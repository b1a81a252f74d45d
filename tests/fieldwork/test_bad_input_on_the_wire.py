"""What people and systems write where they should not: each has a clear outcome at the gateway's end of the wire."""

import base64
import itertools
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from lxml import etree
from sqlalchemy import text

from borgerpuls import settings
from borgerpuls.database import engine, transaction
from borgerpuls.errors import ReceiptIsForged
from borgerpuls.fieldwork import operations, stage
from borgerpuls.fieldwork.letters import MunicipalityText
from borgerpuls.fieldwork.receipt_source import SEAL_HEADER
from borgerpuls.sandbox import drill

HERE = "0461"
MEMO = "{https://DigitalPost.dk/MeMo-1}"
NUMBERS = {
    "20 30 40 50": 4520304050, "+45 28 12 34 56": 4528123456, "0045 21314151": 4521314151, "(22) 32-42.52": 4522324252,
    "33 12 34 56": None, "+46 70 123 45 67": None, "0049 1512 3456789": None, "ring til mor": None, "": None,
}  # fmt: skip
"""As case systems hold them: what the gateway must be asked to send to, None where nobody can be."""
NAMES = (
    "Åse <b>\"Bo\"</b> & 'co'",
    "Ø" * 200,
    "{{ 7 * 7 }} {% raw %}",
    "</html><script>alert(1)</script>",
    "Søren\u00a0Ærø",
)
PARAGRAPH = 'Vi ses {{ 7 * 7 }}, {% for x in y %} <i>hos</i> "os" & jer'
_years = itertools.count(5000)


@pytest.fixture
def round_id(gateways: Any) -> str:
    return f"{next(_years)}-1"


@contextmanager
def gateway(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch, **behaviour: Any) -> Iterator[Path]:
    """Run a gateway that keeps what it accepts, and yield where."""
    with engine("database_admin_url").begin() as connection:  # this gateway's queue begins anew
        connection.execute(text("DELETE FROM fieldwork.receipt_cursor"))
    bodies = folder / "bodies"
    with drill.running_gateway(kind, "gateway-secret", folder / "ledger.tsv", bodies=bodies, **behaviour) as url:
        monkeypatch.setattr(settings.settings(), f"{kind}_gateway_url", url)
        yield bodies


def wave_1(round_id: str) -> dict[Any, Any]:
    with transaction("fieldwork") as connection:
        rows = connection.execute(
            text("SELECT * FROM fieldwork.message WHERE round_id = :r AND wave = 1"), {"r": round_id}
        )
        return {row.person_id: row for row in rows}


def test_each_number_of_a_case_system_reaches_the_gateway_in_one_form_or_is_counted(
    round_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = drill.make_round(round_id, {HERE: len(NUMBERS)}, mobile=tuple(NUMBERS))
    nobody = tmp_path / "registrations.csv"
    nobody.write_text("cpr,is_digital_post,is_nemsms\n" + "".join(f"{cpr},0,0\n" for cpr in people["cpr"]))
    with (
        gateway("digital_post", tmp_path / "post", monkeypatch, registrations=nobody),
        gateway("sms", tmp_path / "sms", monkeypatch) as bodies,
    ):
        counts = stage.send_due(round_id, HERE)
    told = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in bodies.iterdir()}
    rows = wave_1(round_id)
    for person_id, written in zip(people["person_id"], NUMBERS, strict=True):
        row, expected = rows[person_id], NUMBERS[written]
        if expected is None:
            assert (row.state, row.channel, row.reason) == ("failed", None, "unreachable")
        else:
            assert (row.state, row.channel) == ("accepted", "sms")
            assert [one["msisdn"] for one in told[str(row.message_id)]["recipients"]] == [expected]
    assert (counts["accepted"], counts["unreachable"], len(told)) == (4, 5, 4)


def test_names_and_words_with_markup_and_braces_reach_the_gateway_as_text(
    round_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared: Path
) -> None:
    people = drill.make_round(round_id, {HERE: len(NAMES)}, names=NAMES, is_approved=False)
    words = operations.municipality_texts(round_id).iloc[0].to_dict()
    words.pop("municipality_code")
    operations.set_municipality_text(round_id, HERE, MunicipalityText(**(words | {"local_paragraph": PARAGRAPH})))
    stage.prepare_dry_run(round_id)
    stage.record_approval(round_id, "kollega")
    with gateway("digital_post", tmp_path / "post", monkeypatch) as bodies:
        assert stage.send_due(round_id, HERE)["accepted"] == len(NAMES)
    schema = etree.XMLSchema(etree.parse(shared / "integration/memo/xsd/Version1.2/MeMo_core.xsd"))
    rows = wave_1(round_id)
    for person_id, name in zip(people["person_id"], NAMES, strict=True):
        request = etree.fromstring((bodies / f"{rows[person_id].message_id}.xml").read_bytes())
        (memo,) = request.iter(f"{MEMO}Message")
        schema.assertValid(memo)
        (content,) = request.iter(f"{MEMO}content")
        letter = etree.fromstring(base64.b64decode(content.text or ""), etree.HTMLParser())
        read = " ".join("".join(letter.itertext()).split())
        assert f"{name} Øvelsesen".replace("\u00a0", " ") in read
        assert PARAGRAPH in read
        assert "49" not in read
        assert [
            tag for tag in letter.iter("script", "b", "i") if "alert" in (tag.text or "") or tag.text == "hos"
        ] == []


def test_receipts_of_strangers_and_garbage_are_kept_apart_and_a_replayed_queue_changes_nothing(
    round_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drill.make_round(round_id, {HERE: 60})
    with gateway("digital_post", tmp_path / "post", monkeypatch, receipt_faults=0.5, seed=8, undeliverable=0.0):
        stage.send_due(round_id, HERE)
        first = stage.collect_receipts(round_id)
        states = stage.state_counts(round_id)
        with engine("database_admin_url").begin() as connection:
            strangers, broken = (
                connection.execute(text(f"SELECT count(*) FROM fieldwork.{table}")).scalar_one()
                for table in ("receipt WHERE NOT is_known", "broken_receipt")
            )
            connection.execute(text("DELETE FROM fieldwork.receipt_cursor"))
        again = stage.collect_receipts(round_id)
    assert (strangers, broken) == (first["unknown_ids"], first["unreadable"])
    assert min(strangers, broken) > 0
    assert (again["receipts"], again["moved"], again["unreadable"]) == (0, 0, 0)
    assert stage.state_counts(round_id) == states
    assert sum(states.values()) == 300


def test_receipts_changed_on_their_way_are_forged_and_move_nothing(
    round_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drill.make_round(round_id, {HERE: 3})
    with gateway("digital_post", tmp_path / "post", monkeypatch):
        stage.send_due(round_id, HERE)
        real = settings.settings().digital_post_gateway_url
        with between(real) as changed:
            monkeypatch.setattr(settings.settings(), "digital_post_gateway_url", changed)
            with pytest.raises(ReceiptIsForged):
                stage.collect_receipts(round_id)
            assert Counter(row.state for row in wave_1(round_id).values()) == {"accepted": 3}
        monkeypatch.setattr(settings.settings(), "digital_post_gateway_url", real)
        stage.collect_receipts(round_id)
    assert "accepted" not in {row.state for row in wave_1(round_id).values()}


@contextmanager
def between(url: str) -> Iterator[str]:
    """Stand between us and a gateway, and change one sign of each answer; the seal stays as it was."""
    place = urlsplit(url)

    class Between(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            connection = HTTPConnection(str(place.hostname), place.port, timeout=5)
            connection.request("GET", self.path, headers={"authorization": self.headers["authorization"]})
            answer = connection.getresponse()
            body = answer.read().replace(b'"position": 1', b'"position": 9', 1)
            connection.close()
            self.send_response(answer.status)
            self.send_header("content-length", str(len(body)))
            self.send_header(SEAL_HEADER, answer.headers[SEAL_HEADER])
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Between) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
