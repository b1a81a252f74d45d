"""What shows who somebody is goes; what they said about the job centre stays."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borgerpuls.responses.scrubbing import scrub


@pytest.mark.parametrize(
    ("written", "kept", "removed"),
    [
        ("Min sagsbehandler Gertrud Skov var god", "Min sagsbehandler [navn] var god", 1),
        ("min rådgiver, Bjørk, lyttede", "min rådgiver, [navn], lyttede", 1),
        ("Sagsbehandleren hedder Xenia og er sød", "Sagsbehandleren hedder [navn] og er sød", 1),
        ("Jeg talte med Mette Holm Vest i går", "Jeg talte med [navn] i går", 1),
        ("Mettes plan var god", "[navn] plan var god", 1),
        ("Skriv til mig: a.b-c@eksempel.dk", "Skriv til mig: [e-mail]", 1),
        ("Se www.eksempel.dk/side", "Se [link]", 1),
        ("Mit nummer er 611299-0001.", "Mit nummer er [nummer].", 1),
        ("Mit nummer er 6112990001", "Mit nummer er [nummer]", 1),
        ("Ring 22 33 44 55 eller +45 22334455", "Ring [telefon] eller [telefon]", 2),
        ("Min sagsbehandler Jeg ved ikke hvem", "Min sagsbehandler Jeg ved ikke hvem", 0),
        (
            "Jobcentret i Odense lyttede i 2023, og 100 % af tiden",
            "Jobcentret i Odense lyttede i 2023, og 100 % af tiden",
            0,
        ),
        ("Fik 25.000 kr. efter 12 uger", "Fik 25.000 kr. efter 12 uger", 0),
        ("min sagsbehandler var god og lyttede", "min sagsbehandler var god og lyttede", 0),
    ],
)
def test_each_rule_by_hand(written: str, kept: str, removed: int) -> None:
    assert scrub(written) == (kept, removed)


@given(
    st.text(max_size=80), st.integers(1, 31), st.integers(1, 12), st.integers(0, 9999), st.sampled_from(["", "-", " "])
)
@settings(max_examples=50, deadline=None)
def test_no_cpr_number_survives_wherever_it_stands(around: str, day: int, month: int, serial: int, mark: str) -> None:
    number = f"{day + 60:02}{month:02}77{mark}{serial:04}"
    scrubbed, removed = scrub(f"{around} {number} {around}")
    assert number not in scrubbed
    assert removed >= 1


def test_scrubbing_again_changes_nothing() -> None:
    once, _ = scrub("Min sagsbehandler Bo, 22334455, bo@eksempel.dk")
    assert scrub(once) == (once, 0)
