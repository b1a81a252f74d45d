"""Receipts: the real envelopes are read, all else is refused by name."""

import base64
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borgerpuls.errors import ReceiptIsForged, ReceiptIsUnreadable
from borgerpuls.fieldwork.receipts import check_seal, read_post_receipt, read_sms_receipt, seal
from borgerpuls.terms import Channel, MessageState

MESSAGE = "823208d6-239e-481c-90b4-8ebb6e03c8c8"


def test_a_delivery_in_the_real_envelope_is_read(shared: Path) -> None:
    receipt = read_post_receipt((shared / "integration/receipts/PostStatusBeskedModtag.success.xml").read_bytes())
    assert receipt.message_id == UUID("8853363b-43ec-4d0a-a54d-65447f9447ed")
    assert receipt.receipt_id == "bd12c645-de98-453a-ac80-f58a76942eda"
    assert (receipt.status, receipt.reason, receipt.channel) == (MessageState.DELIVERED, None, Channel.DIGITAL_POST)
    assert receipt.occurred_at == datetime(2023, 2, 13, 11, 22, 5, 154000, tzinfo=UTC)


def test_a_failure_in_the_real_envelope_is_read_with_its_code(shared: Path) -> None:
    receipt = read_post_receipt((shared / "integration/receipts/PostStatusBeskedModtag.error.xml").read_bytes())
    assert receipt.message_id == UUID("33ca98c5-d2ce-43e7-be3a-d5cfde9f6394")
    assert (receipt.status, receipt.reason) == (MessageState.FAILED, "memo.invalid")


@pytest.mark.parametrize(
    "change",
    [
        lambda xml: xml[:-40],
        lambda xml: xml.replace(b"<Base64", b"<Base65").replace(b"</Base64", b"</Base65"),
        lambda xml: b"<!DOCTYPE x [<!ENTITY e 'x'>]>" + xml.partition(b"?>")[2],
        lambda xml: b"",
        lambda xml: xml.replace(b"PFBLT19", b"!!!!!!!"),
    ],
)
def test_a_broken_envelope_is_refused_by_name(shared: Path, change) -> None:
    xml = (shared / "integration/receipts/PostStatusBeskedModtag.success.xml").read_bytes()
    assert read_post_receipt(xml)
    with pytest.raises(ReceiptIsUnreadable):
        read_post_receipt(change(xml))


def test_a_status_nobody_knows_is_refused_not_guessed() -> None:
    inner = f"<PKO_PostStatus><MessageUUID>{MESSAGE}</MessageUUID><TransaktionsStatusKode>Ny</TransaktionsStatusKode></PKO_PostStatus>"
    outer = f"<a><UUIDIdentifikator>{MESSAGE}</UUIDIdentifikator><Base64>{base64.b64encode(inner.encode()).decode()}</Base64></a>"
    with pytest.raises(ReceiptIsUnreadable):
        read_post_receipt(outer.encode())


@given(st.binary(max_size=300))
@settings(max_examples=50, deadline=None)
def test_no_bytes_from_outside_break_the_reader(content: bytes) -> None:
    with pytest.raises(ReceiptIsUnreadable):
        read_post_receipt(content)


def test_a_status_of_the_sms_gateway_is_read_and_its_number_left_behind() -> None:
    status = {
        "id": 5,
        "msisdn": 4520304050,
        "time": 1692691205,
        "status": "UNDELIVERABLE",
        "code": "0x1005",
        "userref": MESSAGE,
    }
    receipt = read_sms_receipt(status)
    assert (receipt.status, receipt.reason, receipt.channel) == (MessageState.FAILED, "0x1005", Channel.SMS)
    assert "4520304050" not in repr(receipt)
    assert read_sms_receipt(status | {"status": "ENROUTE"}).status is MessageState.ACCEPTED


@pytest.mark.parametrize(
    "change", [{"status": "MAYBE"}, {"userref": "x"}, {"time": "now"}, {"id": None}, {"time": 10**30}]
)
def test_a_status_with_a_field_nobody_sends_is_refused(change: dict[str, object]) -> None:
    status = {"id": 5, "time": 1692691205, "status": "DELIVERED", "userref": MESSAGE}
    with pytest.raises(ReceiptIsUnreadable):
        read_sms_receipt(status | change)


def test_receipts_sealed_with_another_secret_are_forged() -> None:
    check_seal("hemmelig", b"indhold", seal("hemmelig", b"indhold"))
    for token, content, sealed in (
        ("anden", b"indhold", seal("hemmelig", b"indhold")),
        ("hemmelig", b"andet", seal("hemmelig", b"indhold")),
        ("hemmelig", b"indhold", ""),
    ):
        with pytest.raises(ReceiptIsForged, match="ingen af dem er læst"):
            check_seal(token, content, sealed)
