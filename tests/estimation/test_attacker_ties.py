"""What hangs together in other ways than groups and wholes: the attacker knows it too."""

import numpy as np
import pandas as pd
import pytest

from borgerpuls.estimation.attacker import derived_counts, protect
from borgerpuls.estimation.choices import NO_CHOICES, Choices, choices_of
from borgerpuls.estimation.disclosure import CELL, Thresholds
from borgerpuls.estimation.feasible import Knowledge
from borgerpuls.estimation.figures import COMPARISONS, COUNTS, VALUES
from borgerpuls.estimation.printed import ANSWERS, SCORE, VALID
from borgerpuls.estimation.theme_attack import ThemeAttack
from borgerpuls.questionnaire.versions import instrument_versions, load_instrument, round_instrument

TIES = Choices(alone={"contact": ("kun",)}, after={"coop": "contact"})
PLACES = ("0461", "0727", "0183")
_EMPTY: dict[str, object] = {
    "domain": "all", "domain_group": "", "category": "", "no_interval_reason": "", "is_different_from_rest": False,
    "is_different_from_previous": False, **dict.fromkeys([*COUNTS, *VALUES, *COMPARISONS], np.nan),
}  # fmt: skip


def cell(
    place: str,
    item: str,
    answers: dict[str, int],
    *,
    valid: int | None = None,
    not_asked: int = 0,
    part: tuple[str, str] = ("all", ""),
) -> list[dict[str, object]]:
    """The figures of one cell; everybody weighs two."""
    n = sum(answers.values()) if valid is None else valid
    row = _EMPTY | {
        "municipality_code": place, "item_id": item, "domain": part[0], "domain_group": part[1], "valid_n": float(n),
        "dont_know_n": 0.0, "not_asked_n": float(not_asked), "broken_off_n": 0.0, "weighted_base": 2.0 * n,
    }  # fmt: skip
    is_scale = valid is None
    mean = sum(int(code) * count for code, count in answers.items()) / n if is_scale and n else np.nan
    rows = [row | {"measure": "mean", "value": mean}] if is_scale else []
    measure = "share" if is_scale else "option_share"
    return rows + [
        row | {"measure": measure, "category": code, "value": count / n if n else np.nan}
        for code, count in answers.items()
    ]


def published(rows: list[dict[str, object]], hidden: set[tuple[str, str, str, str]]) -> pd.DataFrame:
    """The figures with *hidden* withheld, and weights of two everywhere."""
    weights = [
        _EMPTY | {"municipality_code": place, "item_id": "weighting", "measure": measure, "value": 2.0}
        for place in ("alle", *PLACES)
        for measure in ("weight_min", "weight_max")
    ]
    figures = pd.DataFrame([*rows, *weights])
    is_hidden = pd.MultiIndex.from_frame(figures[CELL]).isin(list(hidden))
    figures["is_suppressed"] = is_hidden
    figures.loc[is_hidden, [*COUNTS, *VALUES, *COMPARISONS]] = np.nan
    return figures


def scale(*counts: int) -> dict[str, int]:
    """Answers 5 to 1."""
    return dict(zip("54321", counts, strict=True))


@pytest.mark.parametrize("version", instrument_versions())
def test_the_questionnaire_says_what_excludes_and_what_follows(version: str) -> None:
    assert choices_of(load_instrument(version)) == Choices(
        alone={"contact": ("kun_jobcentret",)}, after={"coop": "contact"}
    )


def test_of_a_choice_of_ones_own_everybody_took_one_option() -> None:
    choice = {"type": "single", "text": {"da": "Har du mødt teamet?", "en": "Have you met the team?"},
              "options": [{"code": "ja", "da": "Ja", "en": "Yes"}, {"code": "nej", "da": "Nej", "en": "No"}]}  # fmt: skip
    ties = choices_of(round_instrument("2024", {"0461": [choice], "0707": [choice]}))
    assert ties.alone["local1"] == ("ja", "nej")
    rows = [row for place in PLACES for row in cell(place, "local1", {"ja": 12, "nej": 9}, valid=21)]
    figures = published(rows, {("0461", "local1", "all", "")})
    both = {VALID: 1.0, ANSWERS: -1.0, ANSWERS + 1: -1.0}
    assert _range_of(figures, "local1", both, ties) == pytest.approx((0.0, 0.0), abs=1e-4)
    assert _range_of(figures, "local1", both)[0] < -100


CONTACT = {"0461": {"kun": 18, "andre": 2}, "0727": {"kun": 30, "andre": 22}, "0183": {"kun": 4, "andre": 16}}


def _contact_and_coop() -> list[dict[str, object]]:
    """Twenty of Odense were asked of other departments, and the two who had met one were asked how they work together."""
    coop = {"0461": scale(1, 1, 0, 0, 0), "0727": scale(4, 8, 6, 2, 2), "0183": scale(3, 5, 5, 2, 1)}
    rows = []
    for place in PLACES:
        rows += cell(place, "contact", CONTACT[place], valid=sum(CONTACT[place].values()))
        rows += cell(place, "coop", coop[place], not_asked=CONTACT[place]["kun"])
    rows += cell("alle", "contact", {"kun": 52, "andre": 40}, valid=92)
    return rows + cell("alle", "coop", scale(8, 14, 11, 4, 3), not_asked=52)


def test_how_many_chose_only_the_job_centre_tells_how_many_were_asked_the_next_question() -> None:
    hidden = {(place, "coop", "all", "") for place in ("0461", "0183")}
    figures = published(_contact_and_coop(), hidden)
    assert ("0461", "coop", "all", "", "valid_n", 2, 2) not in derived_counts(figures)
    found = derived_counts(figures, choices=TIES)
    assert ("0461", "coop", "all", "", "valid_n", 2, 2) in found


def test_what_tells_who_was_asked_is_withheld_with_the_question_it_leads_to() -> None:
    figures = published(_contact_and_coop(), set()).drop(columns="is_suppressed")
    protected, reasons = protect(figures, Thresholds(), {}, TIES)
    withheld = set(reasons[CELL].itertuples(index=False, name=None))
    assert ("0461", "contact", "all", "") in withheld
    assert derived_counts(protected, choices=TIES) == []


def test_who_chose_what_stands_alone_chose_nothing_else() -> None:
    """Two withheld municipalities: together, those who chose either option are all of them and not more."""
    rows = [
        row for place in PLACES for row in cell(place, "contact", CONTACT[place], valid=sum(CONTACT[place].values()))
    ]
    rows += cell("alle", "contact", {"kun": 52, "andre": 40}, valid=92)
    figures = published(rows, {(place, "contact", "all", "") for place in ("0461", "0727")})
    kun, andre = ANSWERS + 1, ANSWERS  # in the order of their codes
    ends = [
        _range_of(figures, "contact", {VALID: 1.0, kun: -1.0, andre: -1.0}, ties, only=0) for ties in (NO_CHOICES, TIES)
    ]
    assert ends[0][0] < -15
    assert ends[0][1] > 15
    assert ends[1] == pytest.approx((0.0, 0.0), abs=1e-4)


def test_the_difference_from_the_rest_is_the_mean_of_those_that_are_withheld() -> None:
    """Seven answers of two municipalities are all 5; without the difference the large one's rounding blurs that."""
    counts = {"0461": scale(3, 0, 0, 0, 0), "0727": scale(4, 0, 0, 0, 0), "0183": scale(400, 700, 500, 250, 150)}
    rows = [row for place in PLACES for row in cell(place, "trust", counts[place])]
    rows += cell("alle", "trust", scale(407, 700, 500, 250, 150))
    # Shares to a tenth of a per cent hide seven people among two thousand; here the means alone are shown.
    rows = [row for row in rows if row["measure"] == "mean"]
    figures = published(rows, {(place, "trust", "all", "") for place in ("0461", "0727")})
    own = figures["municipality_code"] == "0183"
    mean = float(figures.loc[own & (figures["measure"] == "mean"), "value"].iloc[0])
    score = {}
    for is_told in (False, True):
        figures.loc[own & (figures["measure"] == "mean"), "difference_to_rest"] = mean - 5.0 if is_told else np.nan
        least, most = _range_of(figures, "trust", {SCORE: 1.0})
        score[is_told] = (most - least) / (2.0 * 7)
    assert score[False] > 1.0
    assert score[True] < 0.02


def _range_of(
    figures: pd.DataFrame, item: str, quantities: dict[int, float], ties: Choices = NO_CHOICES, only: int | None = None
) -> tuple[float, float]:
    """The least and the most that a sum of *quantities* of the withheld cells (or one of them) can be."""
    ends: list[tuple[float, float]] = []
    ranges = Knowledge.ranges

    def of_sum(self: Knowledge, targets: list[int], *_: object, **__: object) -> tuple[np.ndarray, np.ndarray]:
        total = self.unknown(-1e4, 1e4)  # targets are the valid answers, the first quantity of a cell
        firsts = sorted(set(targets)) if only is None else [sorted(set(targets))[only]]
        columns = [first + quantity for first in firsts for quantity in quantities]
        self.know([total, *columns], [1.0, *(-factor for _ in firsts for factor in quantities.values())], 0.0, 0.0)
        least, most = ranges(self, [total], np.inf)
        ends.append((float(least[0]), float(most[0])))
        return np.zeros(len(targets)), np.full(len(targets), np.inf)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Knowledge, "ranges", of_sum)
        weights = dict.fromkeys(("alle", *PLACES), (2.0, 2.0))
        rows = figures[figures["item_id"] == item]
        ThemeAttack(weights, {}, {}, {}, set(), 3.0, ties).theme("", {item: rows})
    return ends[0]


TARGET_GROUPS = {"dagpenge": 9, "sygedagpenge": 3, "aktivitetsparat": 30, "job_uddannelsesparat": 20}


def test_who_is_not_asked_a_question_tells_how_many_of_a_group_responded() -> None:
    """`closer` is for dagpenge and job- og uddannelsesparate: the 33 not asked are the 30 and 3 of the two other groups."""
    rows = cell("0461", "trust", scale(54, 4, 4, 0, 0))
    rows += cell("0461", "closer", scale(25, 2, 2, 0, 0), not_asked=33)
    for group, n in TARGET_GROUPS.items():
        rows += cell("0461", "trust", scale(n - 2, 1, 1, 0, 0), part=("target_group", group))
        if group in ("dagpenge", "job_uddannelsesparat"):
            rows += cell("0461", "closer", scale(n - 2, 1, 1, 0, 0), part=("target_group", group))
            # Elsewhere it is seen that everybody in these two groups is asked.
            rows += cell("0727", "closer", scale(20, 10, 5, 5, 2), part=("target_group", group))
            rows += cell("alle", "closer", scale(18 + n, 11, 6, 5, 2), part=("target_group", group))
    hidden = {("0461", "trust", "target_group", group) for group in ("dagpenge", "sygedagpenge")}
    closer = {("0461", "closer", "target_group", group) for group in ("dagpenge", "job_uddannelsesparat")}
    found = derived_counts(published(rows, hidden | closer))
    assert ("0461", "response", "target_group", "sygedagpenge", "n", 3, 3) in found
    told_less = derived_counts(published([row for row in rows if row["item_id"] == "trust"], hidden))
    assert not [one for one in told_less if one.item_id == "response"]


@pytest.mark.parametrize(("merged", "is_told"), [(0.0, True), (2.0, False)])
def test_where_no_cells_were_merged_the_weights_of_a_group_are_its_population(merged: float, is_told: bool) -> None:
    rows = cell("0461", "trust", scale(20, 12, 10, 6, 4))
    for group, n in (("kvinde", 18), ("mand", 34)):
        rows += cell("0461", "trust", scale(n - 4, 1, 1, 1, 1), part=("sex", group))
    figures = published(rows, {("0461", "trust", "sex", group) for group in ("kvinde", "mand")})
    of_population = [
        _EMPTY | {"municipality_code": "0461", "item_id": "response", "measure": "population_share", "domain": "sex",
                  "domain_group": group, "value": n / 52, "valid_n": 2.0 * n, "weighted_base": 104.0}
        for group, n in (("kvinde", 18), ("mand", 34))
    ]  # fmt: skip
    cells = _EMPTY | {"municipality_code": "0461", "item_id": "weighting", "measure": "merged_n", "value": merged}
    more = pd.DataFrame([*of_population, cells]).assign(is_suppressed=False)
    found = derived_counts(pd.concat([figures, more], ignore_index=True))
    assert (("0461", "response", "sex", "kvinde", "n", 18, 18) in found) == is_told
