"""
What is expected of every response; row_checks.py checks it with Great Expectations once per round.

Quarantine follows from the findings and from nothing else: a response is set aside when a rule that quarantines names it.
Speeders and straight-liners are noted, not set aside.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pandas as pd

from borgerpuls.codebooks.codebook import Codebook
from borgerpuls.questionnaire.definition import Instrument, Item
from borgerpuls.row_checks import Checked, check_rows, quarantining
from borgerpuls.terms import AnswerOutcome, Completeness

JOIN = "|"


@dataclass(frozen=True)
class Rule:
    """
    One expectation of every response.

    `reason` is the Danish text that a quarantined response carries. A rule that does not quarantine only notes.
    """

    suite: str
    name: str
    column: str
    kind: str
    reason: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    quarantines: bool = True


def response_rules(instrument: Instrument, codebook: Codebook, municipalities: Sequence[str]) -> list[Rule]:
    """Return every rule of a round, structure first."""
    groups = {
        "municipality_code": ("kommunen er ikke med i runden", sorted(municipalities)),
        "target_group": ("ukendt målgruppe", [each.code for each in codebook.target_groups]),
        "sex": ("ukendt køn", [each.code for each in codebook.sexes]),
        "age_group": ("ukendt aldersgruppe", [each.code for each in codebook.age_groups]),
    }
    required = [item.item_id for item in instrument.items if item.is_required]
    return [
        Rule("structure", "response_once", "response_id", "ExpectColumnValuesToBeUnique", "besvarelsen findes to gange",
             {"column": "response_id"}),
        *(Rule("structure", "known_group", column, "ExpectColumnValuesToBeInSet", reason,
               {"column": column, "value_set": codes}) for column, (reason, codes) in groups.items()),
        *(Rule("structure", "required_answer", item, "ExpectColumnValuesToBeNull",
               f"svar mangler på {item}", {"column": f"missing_{item}"}) for item in required),
        Rule("structure", "known_item", "item_id", "ExpectColumnValuesToBeNull", "svar på et spørgsmål, der ikke findes",
             {"column": "unknown_item"}),
        Rule("structure", "not_before_invitation", "started_date", "ExpectColumnValuesToBeBetween",
             "besvaret før invitationen", {"column": "days_from_invitation", "min_value": 0}),
        Rule("structure", "started_before_submitted", "submitted_date", "ExpectColumnValuesToBeBetween",
             "afsluttet før den blev begyndt", {"column": "days_of_answering", "min_value": 0}),
        *(Rule("range", "known_code", item.item_id, "ExpectColumnValuesToMatchRegex",
               f"ukendt svar på {item.item_id}", {"column": _column(item), "regex": _possible(item)})
          for item in _ticked(instrument)),
        Rule("routing", "only_asked_items", "item_id", "ExpectColumnValuesToBeNull",
             "svar på et spørgsmål, der ikke blev stillet", {"column": "not_asked"}),
        *(Rule("routing", "stands_alone", item.item_id, "ExpectColumnValuesToNotMatchRegex",
               f"svar, der udelukker hinanden, på {item.item_id}",
               {"column": _column(item), "regex": _clash(item)}) for item in _ticked(instrument) if item.exclusive_codes),
        *([Rule("routing", "in_time", "submitted_date", "ExpectColumnValuesToBeNull", "besvaret efter sidste svardag",
                {"column": "late"})] if instrument.rules.late_answers == "quarantine" else []),
        Rule("warning", "speeder", "duration_minutes", "ExpectColumnValuesToBeBetween", "meget hurtig",
             {"column": "minutes_when_complete", "min_value": instrument.rules.speeder_below_seconds / 60},
             quarantines=False),
        Rule("warning", "straight_liner", "item_id", "ExpectColumnValuesToBeBetween", "samme svar hele vejen",
             {"column": "same_answers", "max_value": instrument.rules.straight_liner_from_answers - 1},
             quarantines=False),
    ]  # fmt: skip


def checkable(
    instrument: Instrument, responses: pd.DataFrame, answers: pd.DataFrame, *, invitation_date: date
) -> pd.DataFrame:
    """
    Lay responses and answers out for the rules: one row per response.

    Args:
        instrument: The round's version.
        responses: As responses.sql gives them.
        answers: As answers.sql gives them: `response_id`, `item_id`, `outcome`, `choices`.
        invitation_date: No answer can be older.
    """
    given = answers[answers["choices"].notna()].copy()
    given["code"] = [JOIN.join(codes) for codes in given["choices"]]
    wide = given.pivot_table(index="response_id", columns="item_id", values="code", aggfunc="first")
    wide = wide.reindex(columns=[item.item_id for item in _ticked(instrument)]).add_prefix("item_")
    table = responses.merge(wide, left_on="response_id", right_index=True, how="left")
    of = table["response_id"].map

    known = [item.item_id for item in _ticked(instrument)]
    strangers = given[~given["item_id"].isin(known)]
    table["unknown_item"] = of(strangers.groupby("response_id")["item_id"].agg(JOIN.join)).astype(object)
    stray = given[(given["outcome"] == AnswerOutcome.NOT_ASKED) & given["item_id"].isin(known)]
    table["not_asked"] = of(stray.groupby("response_id")["item_id"].agg(JOIN.join)).astype(object)
    for item in instrument.items:
        if item.is_required:
            is_missing = table[_column(item)].isna() & (table["completeness"] != Completeness.NONE)
            table[f"missing_{item.item_id}"] = is_missing.map({True: item.item_id, False: None})
    started, submitted = pd.to_datetime(table["started_date"]), pd.to_datetime(table["submitted_date"])
    table["days_from_invitation"] = (started - pd.Timestamp(invitation_date)).dt.days
    table["days_of_answering"] = (submitted - started).dt.days
    table["late"] = table["is_late"].map({True: "late", False: None})
    is_complete = table["completeness"] == Completeness.COMPLETE
    table["minutes_when_complete"] = table["duration_minutes"].where(is_complete)
    table["same_answers"] = of(_same_answers(instrument, given)).fillna(0).astype(int)
    table["response_id"] = table["response_id"].astype(str)
    return table


def check_responses(table: pd.DataFrame, rules: Sequence[Rule]) -> Checked:
    """
    Check every rule on every response.

    Args:
        table: As `checkable` gives it.
        rules: As `response_rules` gives them.

    Returns:
        As row_checks.py gives them; results have their rule's `suite` too, findings `response_id` for `row_id`.

    Raises:
        ExpectationDidNotRun: Great Expectations could not evaluate a rule. The message names the rule only.
    """
    numbered = table.reset_index(drop=True)
    checked = check_rows(numbered, rules)
    response_ids = numbered["response_id"].take(checked.findings["row_id"].to_numpy())
    return Checked(
        checked.results.assign(suite=[rule.suite for rule in rules]),
        pd.DataFrame({"response_id": response_ids.to_numpy(), "rule": checked.findings["rule"]}),
    )


def quarantine_reasons(findings: pd.DataFrame, rules: Sequence[Rule]) -> "pd.Series[str]":
    """Return why each failing response is set aside: Danish, index `response_id` (text), rules in their order."""
    failed = quarantining(findings, rules)
    reasons = failed.assign(reason=failed["rule"].map({n: rule.reason for n, rule in enumerate(rules)}))
    joined: pd.Series[str] = (
        reasons.sort_values(["response_id", "rule"]).groupby("response_id")["reason"].agg("; ".join)
    )
    return joined


def _ticked(instrument: Instrument) -> list[Item]:
    """Return one item per id; a local question may have other options in each municipality, so any of them is known."""
    found: dict[str, Item] = {}
    for item in instrument.items:
        if item.kind == "open" or item.slot:
            continue
        if item.item_id in found:
            before = found[item.item_id]
            kind = "multi" if "multi" in {item.kind, before.kind} else before.kind
            options = {option.code: option for option in (*before.options, *item.options)}
            found[item.item_id] = replace(before, kind=kind, options=tuple(options.values()))
        else:
            found[item.item_id] = item
    return list(found.values())


def _column(item: Item) -> str:
    return f"item_{item.item_id}"


def _possible(item: Item) -> str:
    code = f"(?:{'|'.join(item.codes)})"
    return rf"^{code}(?:\|{code})*$" if item.kind == "multi" else f"^{code}$"


def _clash(item: Item) -> str:
    alone = f"(?:{'|'.join(sorted(item.exclusive_codes))})"
    return rf"^{alone}\||\|{alone}(?:\||$)"


def _same_answers(instrument: Instrument, given: pd.DataFrame) -> "pd.Series[int]":
    """Return for each response how many scale answers it has, where they are all the same; else 0."""
    scales = [item.item_id for item in instrument.items if item.kind == "scale"]
    by_response = given[given["item_id"].isin(scales)].groupby("response_id")["code"]
    return by_response.size().where(by_response.min() == by_response.max(), 0)
