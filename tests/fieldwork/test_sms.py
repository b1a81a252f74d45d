"""SMS: how long a text is, and which numbers can be used."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borgerpuls.fieldwork.channels.sms import SmsLength, plain_text, sms_length, usable_number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", SmsLength("gsm7", 0, 0)),
        ("a" * 160, SmsLength("gsm7", 160, 1)),
        ("a" * 161, SmsLength("gsm7", 161, 2)),
        ("a" * 306, SmsLength("gsm7", 306, 2)),
        ("a" * 307, SmsLength("gsm7", 307, 3)),
        ("æøåÆØÅ", SmsLength("gsm7", 6, 1)),
        ("€" * 80, SmsLength("gsm7", 160, 1)),
        ("€" * 81, SmsLength("gsm7", 162, 2)),
        ("a" * 152 + "€" + "a" * 153, SmsLength("gsm7", 307, 3)),  # the pair moves whole to the second part
        ("’" * 70, SmsLength("ucs2", 70, 1)),
        ("’" * 71, SmsLength("ucs2", 71, 2)),
        ("🙂" * 35, SmsLength("ucs2", 70, 1)),
        ("🙂" * 36, SmsLength("ucs2", 72, 2)),
    ],
)
def test_parts_are_counted_as_the_standard_says(text: str, expected: SmsLength) -> None:
    assert sms_length(text) == expected


@given(st.text(max_size=400))
@settings(max_examples=50, deadline=None)
def test_a_longer_text_never_has_fewer_parts_and_each_part_holds_what_it_may(text: str) -> None:
    length = sms_length(text)
    assert length.part_count <= sms_length(text + "a").part_count
    room = {"gsm7": 160, "ucs2": 70}[length.encoding]
    assert length.unit_count <= max(room, length.part_count * room)


def test_typographic_signs_are_replaced_so_that_the_text_stays_cheap() -> None:
    assert plain_text("KL’s “borgerundersøgelse” – nu…") == 'KL\'s "borgerundersøgelse" - nu...'
    assert sms_length(plain_text("’“”–—•\u00a0")).encoding == "gsm7"


@pytest.mark.parametrize(
    ("written", "msisdn", "problem"),
    [
        ("20304050", "4520304050", ""),
        ("20 30 40 50", "4520304050", ""),
        ("+45 20 30 40 50", "4520304050", ""),
        ("0045 20304050", "4520304050", ""),
        ("4520304050", "4520304050", ""),
        ("(20) 30-40.50", "4520304050", ""),
        ("", None, "empty"),
        ("   ", None, "empty"),
        ("33 12 34 56", None, "landline"),
        ("+46 70 123 45 67", None, "foreign"),
        ("2030405", None, "invalid"),
        ("ring til mor", None, "unreadable"),
        ("20304050 el. 20304051", None, "invalid"),
    ],
)
def test_a_number_as_case_systems_hold_it_is_usable_or_says_why_not(
    written: str, msisdn: str | None, problem: str
) -> None:
    number = usable_number(written)
    assert (number.msisdn, number.problem) == (msisdn, problem)


@given(st.text(max_size=40))
@settings(max_examples=50, deadline=None)
def test_whatever_stands_in_the_field_has_one_clear_outcome(written: str) -> None:
    number = usable_number(written)
    assert (number.msisdn is None) == bool(number.problem)
    assert number.msisdn is None or (number.msisdn.startswith("45") and len(number.msisdn) == 10)
