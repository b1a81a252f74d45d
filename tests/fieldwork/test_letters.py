"""The letters: what they say, and that nobody's words are ever read as a template."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borgerpuls.codebooks.municipalities import municipalities
from borgerpuls.errors import MunicipalityTextIsUnusable
from borgerpuls.fieldwork.channels.sms import plain_text, sms_length
from borgerpuls.fieldwork.letters import (
    LETTER_TEMPLATES,
    LetterBook,
    LetterDates,
    MunicipalityText,
    Recipient,
    shown_code,
    sms_sender,
)
from borgerpuls.resources import resource_folder

DATES = LetterDates(
    date(2023, 4, 1), date(2023, 6, 30), date(2023, 8, 22), date(2023, 8, 29), date(2023, 9, 5), date(2023, 9, 18)
)
RECIPIENT = Recipient("Åse Ærø", "ABCDEFGHJKMNPQRSTVWXYZ01", "0123456789A")


@pytest.fixture(scope="module")
def book() -> LetterBook:
    return LetterBook(resource_folder("templates") / "letters", DATES, "https://svar.example.dk")


@pytest.mark.parametrize("wave", [1, 2, 3])
def test_every_letter_says_who_writes_that_it_is_voluntary_and_how_to_answer(book: LetterBook, wave: int) -> None:
    letter = book.letter(wave, book.standard_text("Odense"), RECIPIENT)
    for needed in (
        "Odense Kommune", "frivilligt", "fortrolige", "https://svar.example.dk</strong>", "01234-56789-A",
        "https://svar.example.dk/s/ABCDEFGHJKMNPQRSTVWXYZ01", "https://svar.example.dk/aegte", "artikel 13 og 14",
        "Datatilsynet", "databeskyttelsesrådgiver", "mandag den 18. september 2023", "Kære Åse Ærø",
    ):  # fmt: skip
        assert needed in letter.html, needed
    assert "anonym" not in letter.html.lower()


def test_reminders_say_what_to_do_when_letters_cross_and_the_invitation_does_not(book: LetterBook) -> None:
    text = book.standard_text("Odense")
    crossing = "krydser vores breve hinanden"
    assert [crossing in book.letter(wave, text, RECIPIENT).html for wave in (1, 2, 3)] == [False, True, True]


@pytest.mark.parametrize("words", ["{{ 7 * 7 }}", "{% raw %}", "<script>alert(1)</script>", '"O\'Brien" & co'])
def test_a_municipalitys_words_and_a_name_are_shown_and_never_executed(book: LetterBook, words: str) -> None:
    text = MunicipalityText(**(vars(book.standard_text("Odense")) | {"local_paragraph": words}))
    html = book.letter(1, text, Recipient(words, RECIPIENT.token, RECIPIENT.code)).html
    assert "<script>" not in html
    assert "49" not in html.replace("2049", "")
    if words.startswith("{"):
        assert html.count(words) == 2


@given(name=st.text(min_size=1, max_size=200))
@settings(max_examples=50, deadline=None)
def test_any_name_can_be_written_to_and_makes_no_markup(book: LetterBook, name: str) -> None:
    html = book.letter(1, book.standard_text("Odense"), Recipient(name, RECIPIENT.token, RECIPIENT.code)).html
    plain = book.letter(1, book.standard_text("Odense"), Recipient("", RECIPIENT.token, RECIPIENT.code)).html
    assert html.count("<") == plain.count("<")


def test_the_text_of_each_of_the_98_municipalities_is_one_sms(book: LetterBook) -> None:
    names = municipalities()["name"]
    assert len(names) == 98
    for name in names:
        text = book.standard_text(str(name))
        text.check()
        beside = plain_text(book.sms(text, RECIPIENT, is_alone=False))
        alone = plain_text(book.sms(text, RECIPIENT, is_alone=True))
        assert sms_length(beside).part_count == 1, beside
        assert sms_length(alone).encoding == "gsm7"
        assert sms_length(alone).part_count <= 2, alone
        assert "http" not in beside
        assert "01234-56789-A" in alone


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"sender_name": " "}, "sender_name mangler"),
        ({"local_paragraph": "x" * 1501}, "der er plads til 1500"),
        ({"contact_phone": "1\x00"}, "styretegn"),
        ({"sms_sender": "Tårnby"}, "uden æ, ø og å"),
        ({"logo_url": "http://logo.example/x.png"}, "https://"),
    ],
)
def test_words_that_cannot_be_sent_are_refused_with_the_reason(
    book: LetterBook, change: dict[str, str], told: str
) -> None:
    with pytest.raises(MunicipalityTextIsUnusable, match=told):
        MunicipalityText(**(vars(book.standard_text("Odense")) | change)).check()


def test_the_sender_of_an_sms_has_no_danish_letters_and_at_most_eleven_signs() -> None:
    assert [sms_sender(name) for name in ("Tårnby", "Høje-Taastrup", "Ærø", "Odense")] == [
        "Taarnby", "HoejeTaastr", "Aeroe", "Odense",
    ]  # fmt: skip
    assert shown_code("0123456789*") == "01234-56789-*"


def test_changing_one_letter_of_a_template_changes_the_fingerprint(tmp_path: Path) -> None:
    original = resource_folder("templates") / "letters"
    for file in original.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    before = LetterBook(tmp_path, DATES, "https://svar.example.dk").fingerprint()
    assert before == LetterBook(original, DATES, "https://svar.example.dk").fingerprint()
    template = tmp_path / "reminder_2.html.j2"
    template.write_text(template.read_text(encoding="utf-8").replace("sidste gang", "sidste  gang"), encoding="utf-8")
    assert LetterBook(tmp_path, DATES, "https://svar.example.dk").fingerprint() != before


@given(name=st.text(max_size=200), words=st.text(st.characters(blacklist_categories=("Cc", "Cs")), max_size=200))
@settings(max_examples=50, deadline=None)
def test_a_letter_filled_from_its_form_is_what_the_template_itself_would_write(
    book: LetterBook, name: str, words: str
) -> None:
    text = MunicipalityText(**(vars(book.standard_text("Odense")) | {"local_paragraph": words}))
    recipient = Recipient(name, RECIPIENT.token, RECIPIENT.code)
    for wave, template in LETTER_TEMPLATES.items():
        written = book._templates[template].render(
            subject=book.subject(wave), text=text, recipient=book._shown(recipient), **book._addresses,
            **book._shown_dates[wave],
        )  # fmt: skip
        assert book.letter(wave, text, recipient).html == written
