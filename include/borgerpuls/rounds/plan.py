"""
The plan of a round, and what would be wrong with it. Nothing is opened that this page refuses.
"""

import re
from dataclasses import asdict, dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from borgerpuls.errors import PlanIsRefused
from borgerpuls.rounds.calendar import RoundDates, day_off
from borgerpuls.terms import Channel

ROUND_ID = re.compile(r"^[0-9]{4}-[12]$")
SAMPLE_RULES = ("between", "sizes", "precision", "census")
SHORTEST_GAP_DAYS = 6
"""Local calendar days between two waves: the ledger refuses anything closer (shared/FIELDWORK.md)."""

DATE_NAMES = {
    "reference_start_date": "referencekvartalets start",
    "reference_end_date": "referencekvartalets slut",
    "key_date": "opgørelsesdatoen",
    "invitation_date": "invitationen",
    "reminder_1_date": "1. påmindelse",
    "reminder_2_date": "2. påmindelse",
    "close_date": "sidste svardag",
}


@dataclass(frozen=True)
class RoundPlan:
    """What operations decide when they open a round."""

    round_id: str
    name: str
    municipalities: tuple[str, ...]
    """Municipality codes of four digits, sorted."""
    dates: RoundDates
    sample_rule: dict[str, Any]
    """`{"rule": "between", "minimum": …, "maximum": …, "total": …}`, `{"rule": "sizes", "sizes": {code: n}}`,
    `{"rule": "precision", "margin": …, "expected_response": …}` or `{"rule": "census"}`."""
    questionnaire_version: str
    codebook_version: str
    channels: tuple[str, ...]
    seed: int

    def as_row(self) -> dict[str, Any]:
        """Return the plan as the columns of `rounds.round` (sample_rule still a dict)."""
        row = asdict(self) | asdict(self.dates)
        for name in ("dates", "municipalities"):
            row.pop(name)
        return row | {"channels": list(self.channels)}


def check_plan(plan: RoundPlan, known_municipalities: frozenset[str]) -> None:
    """
    Refuse a plan that cannot be carried out.

    Raises:
        PlanIsRefused: With every reason, in Danish, as operations read it in Airflow.
    """
    reasons = [
        *_identity_problems(plan, known_municipalities),
        *_order_problems(plan.dates),
        *_holiday_problems(plan.dates),
        *_sample_problems(plan.sample_rule, plan.municipalities),
    ]
    if reasons:
        raise PlanIsRefused(
            " ".join(reasons), where=f"Runde {plan.round_id}", next_step="Ret planen, og åbn runden igen."
        )


def check_dates_ahead(plan: RoundPlan, today: date) -> None:
    """
    Refuse a plan whose first letter should have been sent already.

    Raises:
        PlanIsRefused: In Danish, as operations read it in Airflow.
    """
    if plan.dates.invitation_date < today:
        raise PlanIsRefused(
            f"Invitationen ({plan.dates.invitation_date:%d-%m-%Y}) ligger før i dag ({today:%d-%m-%Y}).",
            where=f"Runde {plan.round_id}",
            next_step="Ret datoerne, og åbn runden igen.",
        )


def _identity_problems(plan: RoundPlan, known: frozenset[str]) -> list[str]:
    problems = []
    if not ROUND_ID.match(plan.round_id):
        problems.append("Rundens id skal være et årstal og 1 eller 2, fx 2026-2.")
    if not plan.municipalities:
        problems.append("Vælg mindst én kommune.")
    unknown = sorted(set(plan.municipalities) - known)
    if unknown:
        problems.append(f"Ukendt kommunekode: {', '.join(unknown)}.")
    if plan.questionnaire_version != plan.codebook_version:
        problems.append(
            f"Spørgeskema {plan.questionnaire_version} og kodebog {plan.codebook_version} hører ikke sammen."
        )
    bad = sorted(set(plan.channels) - {str(channel) for channel in Channel})
    if bad:
        problems.append(f"Ukendt kanal: {', '.join(bad)}.")
    if Channel.DIGITAL_POST not in plan.channels:
        problems.append("Digital Post skal være blandt kanalerne.")
    return problems


def _order_problems(dates: RoundDates) -> list[str]:
    ordered = asdict(dates)
    names = list(ordered)
    problems = [
        f"{DATE_NAMES[later].capitalize()} ({ordered[later]:%d-%m-%Y}) skal ligge efter "
        f"{DATE_NAMES[earlier]} ({ordered[earlier]:%d-%m-%Y})."
        for earlier, later in pairwise(names)
        if ordered[later] <= ordered[earlier]
    ]
    waves = ("invitation_date", "reminder_1_date", "reminder_2_date")
    problems += [
        f"Der skal være mindst {SHORTEST_GAP_DAYS} dage mellem {DATE_NAMES[earlier]} og {DATE_NAMES[later]}."
        for earlier, later in pairwise(waves)
        if 0 < (ordered[later] - ordered[earlier]).days < SHORTEST_GAP_DAYS
    ]
    return problems


def _holiday_problems(dates: RoundDates) -> list[str]:
    return [
        f"{DATE_NAMES[name].capitalize()} ({day:%d-%m-%Y}) falder på en dag uden udsendelse ({reason})."
        for name, day in dates.mailing_dates().items()
        if (reason := day_off(day))
    ]


def _sample_problems(rule: dict[str, Any], municipalities: tuple[str, ...]) -> list[str]:
    name = rule.get("rule")
    if name not in SAMPLE_RULES:
        return [f"Ukendt stikprøveregel: {name}."]
    if name == "sizes":
        sizes = rule.get("sizes") or {}
        without, strangers = sorted(set(municipalities) - set(sizes)), sorted(set(sizes) - set(municipalities))
        wrong = sorted(code for code, size in sizes.items() if type(size) is not int or size < 1)
        return [
            *([f"Reglen 'sizes' mangler en størrelse for {', '.join(without)}."] if without else []),
            *([f"Reglen 'sizes' nævner {', '.join(strangers)}, som ikke er med i runden."] if strangers else []),
            *([f"Stikprøvens størrelse skal være et helt tal over 0: {', '.join(wrong)}."] if wrong else []),
        ]
    if name == "between":
        low, high, total = (rule.get(key) for key in ("minimum", "maximum", "total"))
        if not (isinstance(low, int) and isinstance(high, int) and isinstance(total, int) and 0 < low <= high <= total):
            return ["Stikprøvens mindste og største størrelse og samlede antal skal være hele tal i stigende orden."]
    if name == "precision":
        margin, response = rule.get("margin"), rule.get("expected_response")
        if not (isinstance(margin, int | float) and 0 < margin < 1):
            return ["Sikkerhedsmargenen skal ligge mellem 0 og 1, fx 0,05."]
        if not (isinstance(response, int | float) and 0 < response <= 1):
            return ["Den forventede svarandel skal ligge mellem 0 og 1, fx 0,40."]
    return []
