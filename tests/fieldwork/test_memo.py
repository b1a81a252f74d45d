"""MeMo 1.2: valid by the official schema, and by the rules the schema leaves to us."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from borgerpuls.errors import MessageIsMalformed
from borgerpuls.fieldwork.channels.memo import Action, File, MemoMessage, Sender, kombi_request, zulu
from borgerpuls.fieldwork.channels.xml import UnreadableXmlError, read_xml

NOW = datetime(2023, 8, 22, 8, tzinfo=UTC)
INVENTED_CPR = "6101500001"
LETTER = MemoMessage(
    message_id=uuid.UUID("823208d6-239e-481c-90b4-8ebb6e03c8c8"),
    label="Hvordan oplever du jobcentret?",
    sender=Sender("29189986", "Norddjurs Kommune"),
    recipient_cpr=INVENTED_CPR,
    notification="Du har fået post fra Norddjurs Kommune",
    reference="2023-2-1-main",
    created_at=NOW,
    main_document=File("Invitation.html", "text/html", "<p>Kære Åse</p>".encode()),
    action=Action(
        "Besvar spørgeskemaet", "https://svar.example.dk/s/ABC", NOW, datetime(2023, 9, 18, 21, 59, tzinfo=UTC)
    ),
)
TEXT = replace(LETTER, main_document=None, action=None, created_at=None, notification="Husk vores spørgeskema.")


@pytest.fixture(scope="module")
def schema(shared: Path) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(shared / "integration" / "memo" / "xsd" / "Version1.2" / "MeMo_core.xsd"))


def test_letter_and_text_are_valid_memo_1_2(schema: etree.XMLSchema) -> None:
    for message in (LETTER, TEXT, replace(LETTER, action=None), replace(LETTER, reference="", notification="")):
        schema.assertValid(etree.fromstring(message.as_xml().encode()))


@given(
    label=st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=256),
    content=st.binary(min_size=1, max_size=500),
)
@settings(max_examples=50, deadline=None)
def test_any_title_and_content_stay_valid_and_unchanged(schema: etree.XMLSchema, label: str, content: bytes) -> None:
    message = replace(LETTER, label=label, main_document=File("Brev.html", "text/html", content))
    try:
        xml = message.as_xml()
    except MessageIsMalformed:
        assert "\ufffe" in label or "\uffff" in label
        return
    root = etree.fromstring(xml.encode())
    schema.assertValid(root)
    assert root.findtext(".//{*}MessageHeader/{*}label") == label


def test_the_schema_itself_lets_through_what_our_own_rules_refuse(schema: etree.XMLSchema) -> None:
    insecure = LETTER.as_xml().replace("https://svar", "http://svar").replace("Invitation.html", "a:b.html")
    schema.assertValid(etree.fromstring(insecure.encode()))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"message_id": uuid.UUID(int=1)}, "version 4"),
        ({"label": "x" * 257}, "257 tegn"),
        ({"label": ""}, "0 tegn"),
        ({"notification": "x" * 161}, "161 tegn"),
        ({"recipient_cpr": "610150-0001"}, "10 cifre"),
        ({"recipient_cpr": "٦١٠١٥٠٠٠٠١"}, "10 cifre"),
        ({"sender": Sender("2918998", "Norddjurs Kommune")}, "8 cifre"),
        ({"sender": Sender("29189986", " ")}, "navn"),
        ({"label": "a\x0bb"}, "styretegn"),
        ({"created_at": None}, "tidspunkt"),
        ({"main_document": File("a/b.html", "text/html", b"x")}, "forbudt tegn"),
        ({"main_document": File("a\u2003b.html", "text/html", b"x")}, "forbudt tegn"),
        ({"main_document": File("a.html", "text/html", b"")}, "tomt"),
        ({"main_document": File("a.html", "text/html", b"x", "dan")}, "små bogstaver"),
        ({"action": Action("Svar", "http://svar.example.dk", NOW, NOW.replace(day=30))}, "https"),
        ({"action": Action("Svar", "svar.example.dk", NOW, NOW.replace(day=30))}, "https"),
        ({"action": Action("Svar", "https://s.dk/" + "x" * 250, NOW, NOW.replace(day=30))}, "plads til 256"),
        ({"action": Action("Svar", "https://svar.example.dk", NOW, NOW)}, "slutter"),
        ({"main_document": None, "notification": ""}, "NemSMS"),
    ],
)
def test_a_message_that_breaks_a_rule_is_refused_by_name_and_never_shows_its_recipient(
    change: dict[str, object], told: str
) -> None:
    with pytest.raises(MessageIsMalformed, match=told) as caught:
        replace(LETTER, **change).as_xml()  # type: ignore[arg-type]
    assert INVENTED_CPR not in str(caught.value)
    assert INVENTED_CPR not in repr(LETTER)


def test_only_the_sandbox_may_link_to_this_machine_without_https() -> None:
    local = Action("Svar", "http://127.0.0.1:8090/s/ABC", NOW, NOW.replace(day=30))
    replace(LETTER, action=local, allows_loopback=True).check()
    with pytest.raises(MessageIsMalformed, match="https"):
        replace(LETTER, action=local).check()
    with pytest.raises(MessageIsMalformed, match="https"):
        replace(LETTER, action=replace(local, url="http://example.dk/s/ABC"), allows_loopback=True).check()


def test_times_are_written_in_utc_with_z_and_never_without_a_zone() -> None:
    assert zulu(datetime.fromisoformat("2023-08-22T10:00:00+02:00")) == "2023-08-22T08:00:00Z"
    with pytest.raises(MessageIsMalformed, match="tidszone"):
        zulu(datetime(2023, 8, 22, 10))


def test_the_envelope_is_that_of_the_public_sample(shared: Path) -> None:
    sample = etree.parse(shared / "integration" / "memo" / "kombi_request_auto.xml").getroot()
    ours = etree.fromstring(kombi_request(LETTER))
    assert ours.tag == sample.tag
    assert [child.tag for child in ours] == [child.tag for child in sample][:2]
    assert b"<memo:Message " in kombi_request(LETTER)
    assert ours.findtext("KombiValgKode") == "Digital Post"
    assert etree.fromstring(kombi_request(TEXT)).findtext("KombiValgKode") == "NemSMS"


def test_xml_from_outside_cannot_declare_entities() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "cc">]><a>&b;</a>'
    with pytest.raises(UnreadableXmlError, match="document type"):
        read_xml(bomb)
    with pytest.raises(UnreadableXmlError, match="too large"):
        read_xml(b"<a>" + b"x" * 2_000_001 + b"</a>")
