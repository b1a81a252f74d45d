"""Figures as rows: the counts kept apart, ids that name a number, taking part by day."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from borgerpuls.codebooks.codebook import load_codebook
from borgerpuls.estimation.estimates import BROKEN_OFF, DONT_KNOW, NOT_ASKED
from borgerpuls.estimation.figures import CHOSEN, NOT_CHOSEN, answer_matrix, with_ids
from borgerpuls.estimation.invariants import NUMBER, contradictions, disagreements, strangers
from borgerpuls.estimation.response_figures import response_figures
from borgerpuls.estimation.weighting_figures import weighting_figures
from borgerpuls.questionnaire.versions import load_instrument


def test_answers_become_one_row_per_respondent_with_the_reasons_kept_apart() -> None:
    answers = pd.DataFrame(
        [
            ("a", "trust", "valid", 4, None),
            ("b", "trust", "dont_know", None, None),
            ("c", "trust", "broken_off", None, None),
            ("a", "contact", "valid", None, ["social", "other"]),
            ("b", "contact", "not_asked", None, None),
        ],
        columns=["response_id", "item_id", "outcome", "score", "choices"],
    ).astype({"score": "Int64"})
    matrix = answer_matrix(answers, ["c", "a", "b", "d"], ["trust"], {"contact": ["social", "family"]})
    assert matrix.index.tolist() == ["c", "a", "b", "d"]
    assert matrix["trust"].tolist() == [BROKEN_OFF, 4, DONT_KNOW, NOT_ASKED]
    assert matrix["contact:social"].tolist() == [NOT_ASKED, CHOSEN, NOT_ASKED, NOT_ASKED]
    assert matrix["contact:family"].tolist() == [NOT_ASKED, NOT_CHOSEN, NOT_ASKED, NOT_ASKED]


def _people() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "municipality_code": ["0461"] * 4 + ["0727"] * 2,
            "target_group": ["dagpenge", "dagpenge", "sygedagpenge", "sygedagpenge", "dagpenge", "sygedagpenge"],
            "sex": ["kvinde", "mand"] * 3,
            "age_group": ["30_49"] * 6,
            "is_sampled": [True, True, True, False, True, True],
            "is_reachable": [True, True, False, False, True, True],
            "is_complete": [True, False, False, False, True, False],
            "is_partial": [False, True, False, False, False, False],
        }
    )


def _value(figures: pd.DataFrame, code: str, measure: str, group: str = "") -> float:
    (value,) = figures[
        (figures["municipality_code"] == code) & (figures["measure"] == measure) & (figures["domain_group"] == group)
    ]["value"]
    return float(value)


def test_taking_part_is_counted_by_hand() -> None:
    arrivals = pd.DataFrame({"municipality_code": ["0461", "0461", "0727"], "day": [0, 8, 2]})
    figures = response_figures(_people(), arrivals, field_days=10)
    assert _value(figures, "alle", "population_n") == 6
    assert _value(figures, "alle", "sampled_n") == 5
    assert _value(figures, "alle", "reachable_n") == 4
    assert _value(figures, "alle", "response_rate") == pytest.approx(3 / 5)
    assert _value(figures, "0461", "complete_rate") == pytest.approx(1 / 3)
    assert _value(figures, "alle", "population_share", "dagpenge") == pytest.approx(3 / 6)
    assert _value(figures, "alle", "respondent_share", "sygedagpenge") == 0
    curve = [_value(figures, "0461", "cumulative_rate", str(day)) for day in (0, 7, 8, 10)]
    assert curve == pytest.approx([1 / 3, 1 / 3, 2 / 3, 2 / 3])


def test_a_municipality_where_nobody_was_sampled_has_no_rate() -> None:
    people = _people().assign(is_sampled=lambda table: table["municipality_code"] == "0461")
    arrivals = pd.DataFrame({"municipality_code": ["0461"], "day": [1]})
    figures = response_figures(people, arrivals, field_days=2)
    assert np.isnan(_value(figures, "0727", "response_rate"))
    assert _value(figures, "0727", "sampled_n") == 0


def test_what_the_weights_cost_is_told_for_all_and_each_municipality() -> None:
    weights = pd.DataFrame({"municipality_code": ["0461", "0461", "0727"], "weight": [2.0, 6.0, 1.0]})
    diagnostics = pd.DataFrame(
        {"municipality_code": ["alle", "0461", "0727"], "design_effect": [1.5, 1.25, 1.0], "effective_n": [2, 1.6, 1]}
    )
    figures = weighting_figures(weights, diagnostics)
    assert _value(figures, "alle", "weight_min") == 1
    assert _value(figures, "0461", "weight_min") == 2
    assert _value(figures, "0461", "weight_max") == 6


def test_an_id_names_round_municipality_item_measure_answer_domain_and_group() -> None:
    row = pd.DataFrame(
        [{"municipality_code": "0461", "item_id": "trust", "measure": "share", "category": "5", "domain": "sex", "domain_group": "mand"}]
    )  # fmt: skip
    assert with_ids(row, "2023-2", "s", "1")["figure_id"].item() == "2023-2|0461|trust|share|5|sex|mand"


def _figure(measure: str, category: str, value: float, **change: object) -> dict[str, object]:
    row = {
        "municipality_code": "0461", "item_id": "trust", "measure": measure, "category": category, "domain": "all",
        "domain_group": "", "valid_n": 10, "value": value, "lower": None, "upper": None, "weighted_base": 30.0,
        "is_suppressed": False,
    }  # fmt: skip
    row |= change
    row["figure_id"] = f"{measure}{category}"
    return row


def _shares(*values: float) -> list[dict[str, object]]:
    return [_figure("share", str(k), value) for k, value in zip((5, 4, 3, 2, 1), values, strict=True)]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([*_shares(0.2, 0.2, 0.2, 0.2, 0.1), _figure("mean", "", 3.0)], "sum to 0.900000"),
        ([*_shares(0.2, 0.2, 0.2, 0.2, 0.2), _figure("mean", "", 3.1)], "does not follow from its shares"),
        ([*_shares(1, 0, 0, 0, 0), _figure("mean", "", 5.0, lower=4.0, upper=4.5)], "outside its interval"),
        (
            [
                *_shares(1, 0, 0, 0, 0),
                _figure("mean", "", 5.0),
                *(_figure("mean", "", 5.0, domain="sex", domain_group=sex, valid_n=6) for sex in ("kvinde", "mand")),
                *(
                    _figure("share", str(k), float(k == 5), domain="sex", domain_group=sex, valid_n=6)
                    for sex in ("kvinde", "mand")
                    for k in (5, 4, 3, 2, 1)
                ),
            ],
            "by sex of 0461|trust do not add up",
        ),
        ([_figure("top2", "", 0.4, is_suppressed=True)], "suppressed but still has a number"),
    ],
)
def test_a_contradiction_is_named(rows: list[dict[str, object]], sentence: str) -> None:
    (found, *_) = contradictions(pd.DataFrame(rows))
    assert found.municipality_code == "0461"
    assert sentence in found.sentence


def test_figures_that_agree_have_no_contradiction() -> None:
    assert contradictions(pd.DataFrame([*_shares(0.5, 0, 0, 0, 0.5), _figure("mean", "", 3.0)])) == []


def test_a_number_that_is_shown_elsewhere_and_withheld_here_is_named() -> None:
    figures = pd.DataFrame([_figure("mean", "", 3.0), _figure("mean", "", 3.4, domain="sex", domain_group="mand")])
    elsewhere = figures[[*NUMBER, "value", "is_suppressed"]]
    assert disagreements(figures, elsewhere, "the trend") == []
    figures.loc[1, ["value", "is_suppressed"]] = [None, True]
    (found,) = disagreements(figures, elsewhere, "the trend")
    assert found.sentence == "0461|trust|sex|mand|mean| is not the same in the trend"


def test_answers_and_groups_that_the_codebook_does_not_know_are_named() -> None:
    codebook, instrument = load_codebook("2023"), load_instrument("2023")
    rows = [*_shares(0.2, 0.2, 0.2, 0.2, 0.2), _figure("mean", "", 3.0, domain="sex", domain_group="kvinde")]
    assert strangers(pd.DataFrame(rows), codebook, instrument) == []
    rows = [*_shares(0.2, 0.2, 0.6, 0.0, 0.0)[:3], _figure("mean", "", 3.0, domain="sex", domain_group="kvinder")]
    assert [one.sentence for one in strangers(pd.DataFrame(rows), codebook, instrument)] == [
        "the answers of 0461|trust|all| are ['3', '4', '5'], not ['1', '2', '3', '4', '5']",
        "'kvinder' of 0461|sex is no group of the codebook 2023",
    ]


def test_a_legend_that_runs_the_other_way_is_named() -> None:
    instrument = load_instrument("2023")
    items = [
        replace(item, options=item.options[::-1]) if item.item_id == "trust" else item for item in instrument.items
    ]
    turned = SimpleNamespace(items=items)
    found = strangers(pd.DataFrame(_shares(0.2, 0.2, 0.2, 0.2, 0.2)), load_codebook("2023"), turned)
    assert found[0].sentence == "the legend of trust runs 1, 2, 3, 4, 5, the codebook's scale 5, 4, 3, 2, 1"
