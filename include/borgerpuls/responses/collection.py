"""
Collection: from the forms as citizens left them to one row per response and one per item with what became of it.

Pure: tables in, tables out. Which forms are new is decided by the watermark in the SQL; whether an answer makes sense is
decided by expectations.py. Answers that make no sense are carried along as they are, never repaired.
"""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from borgerpuls.codebooks.codebook import Codebook
from borgerpuls.questionnaire.definition import DONT_KNOW, Instrument
from borgerpuls.questionnaire.routing import asked_by_pattern
from borgerpuls.terms import AnswerOutcome, Completeness

CURRENT = "igangvaerende"
SCORES = frozenset("12345")


def item_outcomes(instrument: Instrument, forms: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """
    Say for every form and every item that can be ticked what became of it.

    Args:
        instrument: The round's version.
        forms: One row per form: `response_id`, `target_group`, `subgroup`, `municipality_code`.
        answers: One row per answered item: `response_id`, `item_id`, `choices` (list of codes).

    Returns:
        One row per form and item: `response_id`, `item_id`, `outcome`, `score` (1-5, else missing), `choices` (missing
        where nothing was answered). `broken_off` is asked and not answered, whether passed over or never reached.
        An answer to an item that was not asked keeps its choices, so that the check can see it.
    """
    items = list(dict.fromkeys(item.item_id for item in instrument.items if item.kind != "open" and not item.slot))
    asked = asked_by_pattern(instrument, forms, answers)
    grid = pd.DataFrame(
        {
            "response_id": np.repeat(forms["response_id"].to_numpy(), len(items)),
            "pattern": np.repeat(asked.pattern.to_numpy(), len(items)),
            "item_id": items * len(forms),
        }
    )
    stray = answers.loc[~answers["item_id"].isin(items), ["response_id", "item_id"]]
    grid = pd.concat([grid, stray], ignore_index=True)
    grid = grid.merge(asked.items[["pattern", "item_id", "kind", "page"]], on=["pattern", "item_id"], how="left")
    grid = grid.merge(answers, on=["response_id", "item_id"], how="left")
    # The same few answers recur: judge each distinct one once.
    codes = grid["choices"].map(tuple, na_action="ignore")
    is_answered = codes.notna()
    first = codes.map(lambda chosen: chosen[0] if len(chosen) == 1 else "", na_action="ignore")
    is_scale = grid["kind"] == "scale"
    is_asked = grid["page"].notna()
    outcome = np.select(
        [~is_asked, ~is_answered, (first == DONT_KNOW).to_numpy(dtype=bool)],
        [AnswerOutcome.NOT_ASKED.value, AnswerOutcome.BROKEN_OFF.value, AnswerOutcome.DONT_KNOW.value],
        AnswerOutcome.VALID.value,
    )
    has_score = is_scale & is_asked & first.isin(SCORES)
    return pd.DataFrame(
        {
            "response_id": grid["response_id"],
            "item_id": grid["item_id"],
            "outcome": outcome,
            "score": pd.to_numeric(first.where(has_score), errors="coerce").astype("Int16"),
            "choices": grid["choices"],
        }
    )


def completeness(instrument: Instrument, forms: pd.DataFrame, answers: pd.DataFrame) -> "pd.Series[str]":
    """
    Judge how much of each form was answered, by the rule of the instrument's version.

    Args:
        instrument: Gives the rule and which items are scales.
        forms: `response_id`, `state`.
        answers: `response_id`, `item_id` of every answered item, texts included.

    Returns:
        `complete`, `partial` or `none` per form, index as *forms*.
    """
    rules = instrument.rules
    counted = answers
    if rules.partial_counts == "scale":
        scales = [item.item_id for item in instrument.items if item.kind == "scale"]
        counted = answers[answers["item_id"].isin(scales)]
    given = forms["response_id"].map(counted.groupby("response_id").size()).fillna(0)
    judged = np.select(
        [forms["state"] == "completed", given >= rules.partial_from_answers],
        [Completeness.COMPLETE.value, Completeness.PARTIAL.value],
        Completeness.NONE.value,
    )
    return pd.Series(judged, index=forms.index)


def responses_of(
    instrument: Instrument,
    codebook: Codebook,
    forms: pd.DataFrame,
    answers: pd.DataFrame,
    *,
    texts: pd.DataFrame,
    close_date: date,
) -> pd.DataFrame:
    """
    Return one row per form as `responses.response` holds it, without round and batch.

    Args:
        instrument: The round's version.
        codebook: Gives the duration groups.
        forms: As changed_forms.sql gives them.
        answers: As changed_answers.sql gives them.
        texts: `response_id`, `item_id` of the open answers.
        close_date: The last day that an answer counts; durations are counted to it.
    """
    status = answers.loc[answers["item_id"] == instrument.tense_item].set_index("response_id")["choices"].str[0]
    own_status = forms["response_id"].map(status)
    days = (pd.Timestamp(close_date) - pd.to_datetime(forms["spell_start_date"])).dt.days
    is_current = own_status == CURRENT
    duration = pd.Series([None] * len(forms), index=forms.index, dtype=object)
    if is_current.any():
        duration.loc[is_current] = codebook.duration_codes(days[is_current].clip(lower=0)).astype(object)
    everything = pd.concat([answers[["response_id", "item_id"]], texts[["response_id", "item_id"]]])
    submitted = forms["completed_date"].where(forms["completed_date"].notna(), forms["last_saved_date"])
    return pd.DataFrame(
        {
            "response_id": forms["response_id"],
            "revision": forms["revision"],
            **{name: forms[name] for name in ("municipality_code", "sex", "age_group", "subgroup", "target_group")},
            "status": own_status.where(own_status.notna(), None),
            "duration_group": duration,
            **{name: forms[name] for name in ("local_1", "local_2", "local_3")},
            "completeness": completeness(instrument, forms, everything),
            "is_late": _days(forms["last_saved_date"]) > pd.Timestamp(close_date),
            "started_date": forms["started_date"],
            "submitted_date": submitted,
            "duration_minutes": forms["duration_seconds"] / 60,
            "page_count": forms["page_count"],
            "device_class": forms["device_class"],
        }
    )


def _days(column: "pd.Series[Any]") -> "pd.Series[Any]":
    return pd.to_datetime(column)
