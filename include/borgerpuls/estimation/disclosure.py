"""
Disclosure control: withhold the numbers that could reveal somebody, in the data, before anything is drawn.

A *cell* is one item in one domain of one municipality. It is withheld with everything about it when it has few valid
answers, or few that all fall in one category. What is withheld must not follow from what is shown, so more goes with it
(complementary suppression) until in every *sum* - groups and their whole, municipalities and all participating, durations
and those who are still attached - the withheld cells leave room for at least `ROOM` answers. How many responded in a
domain is a cell too (item `response`): where it is withheld, no item may be shown, because its four counts add up to it.

The figures say only that a number is withheld for the sake of anonymity. Why stands in a table of its own that no report
reads: "few answers" bounds a number from above, and "all in one category" is itself the answer.

Source: Hundepool et al. (2012), Statistical Disclosure Control, ch. 4; thresholds: shared/STATISTICS.md. The attacker
that checks the outcome is attacker.py.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from borgerpuls.estimation.figures import COMPARISONS, COUNTS, VALUES
from borgerpuls.terms import ALL_PARTICIPATING

FEW_ANSWERS = "few_answers"
ONE_CATEGORY = "one_category"
COMPLEMENTARY = "complementary"
WITHHELD = "anonymity"
"""The reason that figures carry, whatever the true one is."""

CELL = ["municipality_code", "item_id", "domain", "domain_group"]
WHOLE, STATUS, DURATION = "all", "status", "duration"
CURRENT = "igangvaerende"
RESPONSE = "response"

ROOM = 3
"""An attacker must be left with a range of at least this many answers for every withheld count."""

OWN_ITEM = r"local\d+"
"""Items that one municipality asks; their wording is its own."""

NEARLY_EQUAL = 0.1
"""A category score follows from its items where their valid answers differ by less than this share."""

RATES = ("response_rate", "complete_rate")

ROUNDED_TO = 5
"""The curve of answers by day counts in steps of this many."""

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Thresholds:
    """
    When a cell is withheld or marked.

    Attributes:
        below: Fewer valid answers than this: withheld.
        one_category_below: Fewer than this, all in one category: withheld.
        uncertain_below: Shown, but marked as uncertain.
    """

    below: int = 5
    one_category_below: int = 10
    uncertain_below: int = 30


def suppress(
    figures: pd.DataFrame,
    thresholds: Thresholds | None = None,
    *,
    categories: Mapping[str, Sequence[str]] | None = None,
    exposed: Collection[tuple[str, str, str, str]] = (),
    after: Mapping[str, str] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """
    Return *figures* with the disclosive ones emptied, and why.

    Args:
        figures: As `figures.survey_figures`, and the rows of `response_figures` where there are any.
        thresholds: Default those of STATISTICS.md.
        categories: The items of each category score.
        exposed: Cells (in the order of `CELL`) that the attacker can still work out: more goes with each of them.
        after: Item → the multi-select item that leads to it, as `choices.Choices`: it goes with an exposed one.

    Returns:
        The same rows with `is_suppressed`, `suppression_reason` (`WITHHELD`) and `is_uncertain`; a suppressed row has no
        count, value, error, interval or comparison left. And one row per withheld cell: `municipality_code, item_id,
        domain, domain_group, reason` - not for publication.
    """
    limits = thresholds or Thresholds()
    items = dict(categories or {})
    cells = _Cells.of(figures, limits, items)
    cells.complete(items)
    cells.protect(exposed, items, after or {})
    cells.complete(items)
    reasons = cells.reasons()
    result = _emptied(figures, reasons, limits)
    return _curve_in_steps(result), reasons


def withheld_measures(figures: pd.DataFrame) -> "pd.Series[str]":
    """
    Return which cell each figure about taking part belongs to, as its `item_id` in the cells; others keep their own.

    `population_n` and `population_share` belong to `population`, the sample's to `sampled`, the rest to `response`. How
    many of the answers are complete is withheld with their number only: it says how far people came, not what they think.
    """
    kind = figures["item_id"].where(~figures["item_id"].isin([RESPONSE, "weighting"]), RESPONSE)
    register = {"population_n": "population", "population_share": "population", "sampled_n": "sampled",
                "sample_share": "sampled", "reachable_n": "sampled"}  # fmt: skip
    return (
        figures["measure"]
        .map(lambda measure: register.get(measure, ""))
        .where(figures["measure"].isin(list(register)), kind)
    )


class _Cells:
    """All cells with the sums they take part in; `hidden` grows until no sum gives anything away."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.table = table
        self.n: Ints = table["n"].to_numpy(dtype=np.int64)
        self.asked: Ints = table["asked"].to_numpy(dtype=np.int64)
        self.reason: npt.NDArray[np.object_] = table["reason"].to_numpy(dtype=object, copy=True)
        self.hidden: Mask = table["reason"].notna().to_numpy(copy=True)
        self.is_response = (table["item_id"] == RESPONSE).to_numpy()
        self.row_of = {tuple(key): row for row, key in enumerate(table[CELL].itertuples(index=False, name=None))}
        self.response_row = self._matching(item=RESPONSE)
        self.whole_row = self._matching(domain=WHOLE, group="")
        # Smallest first, by respondents and not by valid answers, so that every item loses the same groups.
        self.rank = np.empty(len(table), dtype=np.int64)
        self.rank[np.lexsort((np.arange(len(table)), self.n, self.asked))] = np.arange(len(table))

    @classmethod
    def of(cls, figures: pd.DataFrame, limits: Thresholds, categories: Mapping[str, Sequence[str]]) -> "_Cells":
        table = pd.concat([_item_cells(figures, categories), _taking_part_cells(figures)], ignore_index=True)
        table = table.drop_duplicates(CELL).sort_values(CELL, ignore_index=True)
        table[["n", "asked"]] = table[["n", "asked"]].astype("int64")
        few = (table["n"] < limits.below) & ((table["n"] > 0) | ~table["may_be_nobody"])
        one = table["in_one"] & (table["n"] < limits.one_category_below)
        table["reason"] = np.select([few, one], [FEW_ANSWERS, ONE_CATEGORY], "")
        table["reason"] = table["reason"].where(table["reason"] != "")
        return cls(table)

    def complete(self, categories: Mapping[str, Sequence[str]]) -> None:
        """Withhold more until nothing that is withheld follows from what is shown."""
        sums = self._sums(categories)
        while True:
            before = int(self.hidden.sum())
            self._withhold(self.hidden[self.whole_row] & (self.whole_row >= 0))
            self._withhold(self.hidden[self.response_row] & (self.response_row >= 0))
            for member_of in sums:
                self._withhold_one_more(member_of)
            if int(self.hidden.sum()) == before:
                return

    def protect(
        self,
        exposed: Collection[tuple[str, str, str, str]],
        categories: Mapping[str, Sequence[str]],
        after: Mapping[str, str],
    ) -> None:
        """
        Withhold one more in every sum that an exposed cell is part of; a cell named twice gets two.

        Where no sum of a cell that is named again has anything left to withhold, who was asked gives it away: the answers
        to the multi-select item that leads to it. Then one more goes in the sums of those; named a third time, in those of
        the score of its theme.
        """
        sums = [*self._sums(categories), *self._pairs(after)] if exposed else []
        alias = {code: items[0] for code, items in categories.items() if len(items) == 1}
        theme = {item: code for code, items in categories.items() for item in items if len(items) > 1}
        named = Counter[tuple[str, str, str, str]]()
        for cell in exposed:
            named[cell] += 1
            for item in (alias.get(cell[1], cell[1]), after.get(cell[1]), theme.get(cell[1]))[: named[cell]]:
                row = self.row_of.get((cell[0], item or "", *cell[2:]))
                if row is not None and self._withhold_beside(row, sums):
                    break

    def _withhold_beside(self, row: int, sums: Sequence["_Sums"]) -> bool:
        """Withhold a cell, and one more in every sum that it is part of; return whether there was anything left."""
        before = int(self.hidden.sum())
        self._withhold(np.arange(len(self.hidden)) == row)
        for one in sums:
            labels = one.label[one.row == row]
            if len(labels):
                self._withhold_smallest(one, np.isin(one.label, labels))
        return int(self.hidden.sum()) > before

    def reasons(self) -> pd.DataFrame:
        """Return the withheld cells and why, the alias of a withheld item with it."""
        table = self.table.loc[self.hidden, [*CELL, "alias"]].assign(reason=self.reason[self.hidden])
        alias = table[table["alias"] != ""].assign(item_id=lambda rows: rows["alias"])
        return pd.concat([table, alias])[[*CELL, "reason"]].sort_values(CELL, ignore_index=True)

    def _matching(self, *, item: str | None = None, domain: str | None = None, group: str | None = None) -> Ints:
        """Return for every cell the row of its counterpart, −1 where there is none."""
        keys = self.table[CELL].itertuples(index=False, name=None)
        return np.array(
            [
                self.row_of.get(
                    (m, i if item is None else item, d if domain is None else domain, g if group is None else group), -1
                )
                if i not in ("population", "sampled") or item is None
                else -1
                for m, i, d, g in keys
            ],
            dtype=np.int64,
        )

    def _sums(self, categories: Mapping[str, Sequence[str]]) -> list["_Sums"]:
        t = self.table
        is_whole = (t["domain"] == WHOLE).to_numpy()
        rows = np.arange(len(t))
        in_municipality = t["municipality_code"].str.cat(t["item_id"], sep="|")
        parts = []
        for domain in t.loc[~is_whole, "domain"].unique():
            part = (t["domain"] == domain).to_numpy()
            whole = (t["domain"] == STATUS).to_numpy() & (t["domain_group"] == CURRENT).to_numpy() if (
                domain == DURATION
            ) else is_whole  # fmt: skip
            names = in_municipality[part | whole] + "|" + domain
            has_part = names.isin(names[part[part | whole]])
            parts.append((names[has_part], rows[part | whole][has_part.to_numpy()], whole))
        # A municipality's own groups and own items have no counterpart among all participating.
        over = ~(t["domain"].str.startswith("local") | t["item_id"].str.fullmatch(OWN_ITEM)).to_numpy()
        names = (t["item_id"] + "|" + t["domain"] + "|" + t["domain_group"])[over]
        is_all = (t["municipality_code"] == ALL_PARTICIPATING).to_numpy()
        sums = [_Sums.of(names, row, is_top) for names, row, is_top in [*parts, (names, rows[over], is_all)]]
        return sums + self._category_sums(categories)

    def _category_sums(self, categories: Mapping[str, Sequence[str]]) -> list["_Sums"]:
        """A category and its items, where nearly the same persons answered all of them."""
        t = self.table
        theme = {item: code for code, items in categories.items() for item in items if len(items) > 1}
        theme |= {code: code for code, items in categories.items() if len(items) > 1}
        t = t[t["item_id"].isin(list(theme))]
        if t.empty:
            return []
        mine = t["item_id"].map(lambda item: theme[item])
        names = t["municipality_code"] + "|" + mine + "|" + t["domain"] + "|" + t["domain_group"]
        n = t["n"]
        low, high = n.groupby(names).transform("min"), n.groupby(names).transform("max")
        close = names[(low >= (1 - NEARLY_EQUAL) * high) & (names.groupby(names).transform("size") > 1)]
        if close.empty:
            return []
        return [_Sums.of(close, close.index.to_numpy(), np.zeros(len(self.table), dtype=bool), is_additive=False)]

    def _pairs(self, after: Mapping[str, str]) -> list["_Sums"]:
        """An item and the multi-select item that says who was asked it."""
        pairs = []
        for item, before in after.items():
            t = self.table[self.table["item_id"].isin([item, before])]
            names = t["municipality_code"] + "|" + t["domain"] + "|" + t["domain_group"]
            if not t.empty:
                nothing = np.zeros(len(self.table), dtype=bool)
                pairs.append(_Sums.of(names, t.index.to_numpy(), nothing, is_additive=False))
        return pairs

    def _withhold(self, rows: Mask) -> None:
        new = rows & ~self.hidden
        self.hidden |= new
        self.reason[new] = COMPLEMENTARY

    def _withhold_one_more(self, sums: "_Sums") -> None:
        """In every sum that gives a withheld count away, withhold the smallest of its shown parts, else its whole."""
        hidden = self.hidden[sums.row]
        hidden_n = sums.add(hidden)
        unsafe = hidden_n == 1
        if sums.is_additive:
            top_hidden = sums.add(hidden & sums.is_top) > 0
            room = sums.add(np.where(hidden, self.n[sums.row], 0))
            # Where it is known how many responded, only answers that are not valid leave room.
            known = np.where(self.response_row[sums.row] >= 0, ~self.hidden[self.response_row[sums.row]], False)
            known &= ~self.is_response[sums.row]
            missing = sums.add(np.where(hidden, self.asked[sums.row] - self.n[sums.row], 0))
            all_known = sums.add(hidden & ~known) == 0
            room = np.where(all_known, np.minimum(room, missing), room)
            unsafe |= (hidden_n > 0) & ~top_hidden & (room < ROOM)
        self._withhold_smallest(sums, unsafe[sums.label])

    def _withhold_smallest(self, sums: "_Sums", where: Mask) -> None:
        candidate = where & ~self.hidden[sums.row]
        if not candidate.any():
            return
        label, row, top = sums.label[candidate], sums.row[candidate], sums.is_top[candidate]
        order = np.lexsort((self.rank[row], top, label))
        first = np.unique(label[order], return_index=True)[1]
        chosen = np.zeros(len(self.hidden), dtype=bool)
        chosen[row[order][first]] = True
        self._withhold(chosen)


@dataclass(frozen=True)
class _Sums:
    """Memberships: cell `row` is in sum `label`; `is_top` where it is the whole that the others add up to."""

    label: Ints
    row: Ints
    is_top: Mask
    is_additive: bool

    @classmethod
    def of(cls, names: "pd.Series[str]", row: Ints, is_top: Mask, *, is_additive: bool = True) -> "_Sums":
        return cls(pd.factorize(names)[0].astype(np.int64), row, is_top[row], is_additive)

    def add(self, values: npt.NDArray[np.generic]) -> Ints:
        """Add *values* (memberships) per sum."""
        size = int(self.label.max()) + 1 if len(self.label) else 0
        return np.bincount(self.label, weights=values.astype(float), minlength=size).astype(np.int64)


def _item_cells(figures: pd.DataFrame, categories: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """One row per cell of an item; a category of one item is that item under another name, also where only it has a cell."""
    alias = {code: items[0] for code, items in categories.items() if len(items) == 1}
    own = figures[~figures["item_id"].isin([RESPONSE, "weighting"])]
    own = own.assign(item_id=own["item_id"].replace(alias))
    table = (
        own.assign(
            in_one=(own["measure"].isin(["share", "option_share"]) & (own["value"] > 1 - 1e-9)).astype(bool),
            valid_n=own["valid_n"].astype("float64"),  # numbers, not objects: a hundred times faster
            asked=own[COUNTS].astype("float64").fillna(0.0).sum(axis=1),
        )
        .groupby(CELL, as_index=False)
        .agg(n=("valid_n", "max"), asked=("asked", "max"), in_one=("in_one", "any"))
    )
    names = {item: code for code, item in alias.items()}
    table["alias"] = [names.get(item, "") for item in table["item_id"]]
    table["may_be_nobody"] = False
    return table


def _taking_part_cells(figures: pd.DataFrame) -> pd.DataFrame:
    """Cells of how many are in the population, were sampled and responded, in every domain that is published."""
    # Who responded in a domain is the sum of an item's four counts, for every item the same.
    answered = figures[~figures["item_id"].isin([RESPONSE, "weighting"])]
    responded = (
        answered.assign(n=answered[COUNTS].astype("float64").fillna(0.0).sum(axis=1))
        .groupby(["municipality_code", "domain", "domain_group"], as_index=False)
        .agg(n=("n", "max"))
        .assign(item_id=RESPONSE)
    )
    part = figures[figures["item_id"] == RESPONSE]
    cells = [responded]
    for item, whole, share in (
        (RESPONSE, "answered_n", "respondent_share"),
        (RESPONSE, "answered_n", "response_rate"),
        ("population", "population_n", "population_share"),
        ("sampled", "sampled_n", "sample_share"),
    ):
        rows = part[part["measure"].isin([whole, share])]
        cells.append(rows[CELL].assign(item_id=item, n=rows["valid_n"].where(rows["measure"] == share, rows["value"])))
    table = pd.concat(cells, ignore_index=True)
    table["n"] = table["n"].fillna(0).astype("int64")
    table = table.sort_values("n", ascending=False).drop_duplicates(CELL)
    return table.assign(asked=table["n"], in_one=False, alias="", may_be_nobody=True)


def _emptied(figures: pd.DataFrame, reasons: pd.DataFrame, limits: Thresholds) -> pd.DataFrame:
    keys = figures[CELL].copy()
    keys["item_id"] = withheld_measures(figures)
    keys["domain_group"] = keys["domain_group"].mask(figures["domain"] == "day", "")
    keys["domain"] = keys["domain"].mask(figures["domain"] == "day", WHOLE)
    hidden = pd.MultiIndex.from_frame(reasons[CELL])
    result = figures.copy()
    withheld = pd.MultiIndex.from_frame(keys).isin(hidden)
    # A rate of a group tells of its sampled as well as of its respondents.
    sampled = pd.MultiIndex.from_frame(keys.assign(item_id="sampled"))
    withheld |= figures["measure"].isin(RATES).to_numpy() & sampled.isin(hidden)
    result["is_suppressed"] = withheld
    result["suppression_reason"] = [WITHHELD if is_withheld else None for is_withheld in withheld]
    is_survey = ~result["item_id"].isin([RESPONSE, "weighting"])
    result["is_uncertain"] = is_survey & ~withheld & (result["valid_n"] < limits.uncertain_below)
    for name in [*COUNTS, *VALUES, *COMPARISONS]:
        result[name] = result[name].astype("float64").mask(withheld)
    result["no_interval_reason"] = result["no_interval_reason"].mask(withheld)
    for name in ("is_different_from_rest", "is_different_from_previous"):
        result[name] = result[name].astype(bool) & ~withheld
    return _without_differences(result)


def _without_differences(figures: pd.DataFrame) -> pd.DataFrame:
    """Take away the differences from a mean of all that is withheld: with a municipality's own they would give it."""
    of_all = figures["is_suppressed"] & (figures["municipality_code"] == ALL_PARTICIPATING)
    keys = ["item_id", "domain", "domain_group"]
    told = pd.MultiIndex.from_frame(figures[keys]).isin(pd.MultiIndex.from_frame(figures.loc[of_all, keys]))
    for name in (column for column in COMPARISONS if "previous" not in column):
        figures[name] = figures[name].mask(told)
    figures["is_different_from_rest"] = figures["is_different_from_rest"] & ~told
    return figures


def _curve_in_steps(figures: pd.DataFrame) -> pd.DataFrame:
    """Round the curve's counts, so that no day tells of a few; its last day is the response rate itself."""
    curve = figures["measure"] == "cumulative_rate"
    if not curve.any():
        return figures
    own = figures[curve]
    day = own["domain_group"].astype("int64")
    last = day.groupby(own["municipality_code"]).transform("max") == day
    total = own["valid_n"].groupby(own["municipality_code"]).transform("max")
    count = (own["valid_n"] / ROUNDED_TO).round() * ROUNDED_TO
    count = count.clip(upper=total).where(~last, own["valid_n"])
    figures.loc[curve, "valid_n"] = count
    figures.loc[curve, "value"] = count / own["weighted_base"]
    return figures
