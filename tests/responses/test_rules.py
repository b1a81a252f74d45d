"""Speeders, straight-liners and late answers: noted, and set aside only where the version's policy says so."""

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from collected_round import PILOT

from borgerpuls.codebooks.codebook import load_codebook
from borgerpuls.responses.expectations import check_responses, checkable, quarantine_reasons, response_rules

SCALES = [item.item_id for item in PILOT.items if item.kind == "scale"]
CLOSE = date(2023, 9, 18)


def response(
    name: str, minutes: float = 4.0, *, is_late: bool = False, completeness: str = "complete"
) -> dict[str, object]:
    return {
        "response_id": name, "revision": 1, "batch_number": 1, "municipality_code": "0461", "sex": "mand",
        "age_group": "30_49", "subgroup": "dagpenge", "target_group": "dagpenge", "status": "afsluttet",
        "duration_group": None, "completeness": completeness, "is_quarantined": False, "quarantine_reason": None,
        "is_late": is_late, "started_date": CLOSE, "submitted_date": CLOSE, "duration_minutes": minutes,
    }  # fmt: skip


def answers_of(name: str, *scores: str) -> list[tuple[str, str, str, list[str] | None]]:
    given = [(name, item, "valid", [score]) for item, score in zip(SCALES, scores, strict=False)]
    return [(name, "status", "valid", ["afsluttet"]), *given]


@pytest.fixture(scope="module")
def found() -> dict[str, tuple[dict[str, set[str]], set[str]]]:
    """By policy: who fails each rule, and who is set aside."""
    responses = pd.DataFrame(
        [
            response("ordinary"),
            response("one second too fast", 59 / 60),
            response("just not too fast", 1.0),
            response("broke off at once", 0.1, completeness="partial"),
            response("always the same"),
            response("nine times the same"),
            response("late", is_late=True),
        ]
    )
    rows = [
        *answers_of("always the same", *["4"] * 10),
        *answers_of("nine times the same", *["4"] * 9),
        *[row for name in responses["response_id"] if "same" not in name for row in answers_of(name, "4", "2", "dk")],
    ]
    answers = pd.DataFrame(rows, columns=["response_id", "item_id", "outcome", "choices"])
    results = {}
    for policy in ("flag", "quarantine"):
        instrument = replace(PILOT, rules=replace(PILOT.rules, late_answers=policy))
        rules = response_rules(instrument, load_codebook("2023"), ["0461"])
        table = checkable(instrument, responses, answers, invitation_date=date(2023, 8, 22))
        checked = check_responses(table, rules)
        failing: dict[str, set[str]] = {}
        for row in checked.findings.itertuples():
            failing.setdefault(rules[row.rule].name, set()).add(row.response_id)
        results[policy] = (failing, set(quarantine_reasons(checked.findings, rules).index))
    return results


def test_a_complete_answer_under_a_minute_is_noted_as_fast_and_kept(found) -> None:
    failing, aside = found["flag"]
    assert failing["speeder"] == {"one second too fast"}
    assert aside == set()


def test_ten_equal_answers_in_a_row_are_noted_and_kept(found) -> None:
    failing, _ = found["flag"]
    assert failing["straight_liner"] == {"always the same"}


def test_a_late_answer_is_kept_or_set_aside_as_the_version_says(found) -> None:
    assert "in_time" not in found["flag"][0]
    failing, aside = found["quarantine"]
    assert failing["in_time"] == {"late"}
    assert aside == {"late"}
