"""
Checks of a printed table of results: what cannot be true, whatever the answers were.

A check speaks only when no set of answers could give the printed numbers, with every number allowed to be rounded as
far as its decimals permit. A table that passes may still be wrong; a table that fails cannot be right.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from math import isnan, nan

import pandas as pd

from borgerpuls.codebooks.codebook import VERSIONS, load_codebook
from borgerpuls.errors import ColumnIsMissing, ValueIsUnreadable

SHARE_COLUMNS = ("pct_5", "pct_4", "pct_3", "pct_2", "pct_1")
SCORES = (5, 4, 3, 2, 1)
INPUT_COLUMNS = (
    "question_id", "subgroup_var", "subgroup", "n", *SHARE_COLUMNS, "mean_published", "pct_decimals", "dont_know_n",
)  # fmt: skip
WHOLE = "all"
CURRENT_SPELLS = "igangvaerende"
MANY_MEANS = 10  # so many means without a second decimal are printed with one
MANY_SHARES = 3  # so many shares of a row without its last decimal are printed without it

_CODEBOOK_VARIABLE = {"target_group": "target_group", "age": "age_group", "sex": "sex", "status": "status"}
_SLACK = 1e-9
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that cannot be true. `lowest` and `highest` are the bounds that rounding leaves for `found`."""

    question_id: str
    subgroup_var: str
    subgroup: str
    check: str
    expected: float
    found: float
    lowest: float
    highest: float
    arithmetic: str


def check_figures(table: pd.DataFrame, *, mean_decimals: int | None = None) -> pd.DataFrame:
    """
    Return everything in a printed table that cannot be true.

    Args:
        table: Text, one row per printed group, columns `INPUT_COLUMNS`; empty text where nothing was printed. Shares
            in percent, of five answers scored 5 to 1. `subgroup_var` is `all` for the whole, and `target_group`,
            `age`, `sex` or `status` for groups that partition it; `duration` partitions the current spells,
            `duration_<group>` those of one target group. Other variables are checked row by row only.
        mean_decimals: Decimals of the printed means; default two, or one when ten means or more all end there.

    Returns:
        One row per finding, columns as `Finding`, checks of single rows first. Checks: `n_is_no_count`,
        `share_outside_range`, `shares_do_not_sum`, `mean_outside_scale`, `mean_does_not_follow`,
        `parts_do_not_add_up`, `whole_outside_parts`.

    Raises:
        ColumnIsMissing: A column of the input is absent.
        ValueIsUnreadable: A value is no number, or a group is printed twice.
    """
    rows = _rows(table)
    half_mean = 0.5 * 10.0 ** -(_mean_decimals(rows) if mean_decimals is None else mean_decimals)
    findings = [finding for row in rows for finding in _check_row(row, half_mean)]
    wrong_means = {(f.question_id, f.subgroup_var, f.subgroup) for f in findings if f.check.startswith("mean_")}
    labels = {
        variable: frozenset(row.subgroup for row in rows if row.subgroup_var == variable)
        for variable in {row.subgroup_var for row in rows}
    }
    for question_id in dict.fromkeys(row.question_id for row in rows):
        of_item = [row for row in rows if row.question_id == question_id]
        findings += _check_parts(question_id, of_item, labels)
        findings += _check_whole(of_item, labels, half_mean, wrong_means)
    columns = list(Finding.__dataclass_fields__)
    return pd.DataFrame([asdict(finding) for finding in findings], columns=columns)


def mean_bounds(shares: tuple[float, ...], half: tuple[float, ...]) -> tuple[float, float] | None:
    """
    Return the lowest and highest mean that rounded shares allow, or None when no shares round to them.

    Args:
        shares: Printed percent of the answers scored 5, 4, 3, 2, 1.
        half: Half a unit of each share's last decimal.

    The exact shares lie within *half* of the printed ones, are not negative and sum to 100, so the extremes give what
    is left over to the lowest or the highest answers first.
    """
    low = [max(share - h, 0.0) for share, h in zip(shares, half, strict=True)]
    room = [min(share + h, 100.0) - lo for share, h, lo in zip(shares, half, low, strict=True)]
    left = 100.0 - sum(low)
    if left < -_SLACK or left > sum(room) + _SLACK or min(room) < -_SLACK:
        return None
    base = sum(score * lo for score, lo in zip(SCORES, low, strict=True))

    def spread(order: list[int]) -> float:
        total, rest = base, left
        for position in order:
            part = min(room[position], rest)
            total += SCORES[position] * part
            rest -= part
        return total / 100.0

    upwards = list(range(len(SCORES)))
    return spread(upwards[::-1]), spread(upwards)


@dataclass(frozen=True, slots=True)
class _Row:
    question_id: str
    subgroup_var: str
    subgroup: str
    n: float
    shares: tuple[float, ...]
    half: tuple[float, ...]
    mean: float
    mean_text: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.question_id, self.subgroup_var, self.subgroup

    @property
    def has_shares(self) -> bool:
        return not any(isnan(share) for share in self.shares)

    def finding(
        self, check: str, expected: float, found: float, bounds: tuple[float, float], arithmetic: str
    ) -> Finding:
        return Finding(*self.key, check, expected, found, *bounds, arithmetic)


def _rows(table: pd.DataFrame) -> list[_Row]:
    for column in INPUT_COLUMNS:
        if column not in table.columns:
            raise ColumnIsMissing(
                f"Column {column!r} is missing.",
                where="The table of figures",
                next_step=f"It needs {', '.join(INPUT_COLUMNS)}; other columns are ignored.",
            )
    rows = []
    seen: dict[tuple[str, str, str], int] = {}
    for line, record in enumerate(table[list(INPUT_COLUMNS)].fillna("").astype("str").to_dict("records"), start=2):
        text = {str(column): value.strip() for column, value in record.items()}
        number = {column: _number(text[column], column, line) for column in INPUT_COLUMNS[3:]}
        row = _Row(
            text["question_id"],
            text["subgroup_var"],
            text["subgroup"],
            number["n"],
            tuple(number[column] for column in SHARE_COLUMNS),
            _half_units([text[column] for column in SHARE_COLUMNS], number["pct_decimals"]),
            number["mean_published"],
            text["mean_published"],
        )
        if row.key in seen:
            raise ValueIsUnreadable(
                f"{row.subgroup!r} of {row.subgroup_var!r} is printed twice for {row.question_id!r}.",
                where=f"Lines {seen[row.key]} and {line}",
                next_step="Keep one of the two rows.",
            )
        seen[row.key] = line
        rows.append(row)
    return rows


def _number(text: str, column: str, line: int) -> float:
    if text in {"", "NA", "nan", "NaN"}:
        return nan
    if not _NUMBER.fullmatch(text):
        hint = " Write decimals with a point." if "," in text else ""
        raise ValueIsUnreadable(
            f"{text[:20]!r} in column {column!r} is no number.",
            where=f"Line {line}",
            next_step=f"Leave the field empty where nothing was printed.{hint}",
        )
    return float(text)


def _decimals(text: str, *, significant: bool = False) -> int:
    """Return the decimals a number is written with; *significant* leaves trailing zeros out."""
    after = text.partition(".")[2]
    return len(after.rstrip("0") if significant else after)


def _half_units(texts: list[str], pct_decimals: float) -> tuple[float, ...]:
    """
    Return half a unit of the last printed decimal of each share.

    `pct_decimals` is the row's most precise share; the pilot mixes one and two decimals in a row, and a file may have
    lost trailing zeros. Shares that lack the last decimal count as less precise when several of the row do.
    """
    significant = [_decimals(text, significant=True) for text in texts]
    most = max(significant) if isnan(pct_decimals) else max(int(pct_decimals), 0)
    written = [_decimals(text) for text in texts]
    shorter = [decimals < most for decimals in written]
    decimals = [
        max(found, wrote if short and sum(shorter) >= MANY_SHARES else most)
        for found, wrote, short in zip(significant, written, shorter, strict=True)
    ]
    return tuple(0.5 * 10.0**-decimal for decimal in decimals)


def _mean_decimals(rows: list[_Row]) -> int:
    printed = [_decimals(row.mean_text, significant=True) for row in rows if row.mean_text]
    most = max(printed, default=2)
    return most if len(printed) >= MANY_MEANS else max(most, 2)


def _check_row(row: _Row, half_mean: float) -> Iterator[Finding]:
    if row.n < 0 or (not isnan(row.n) and not row.n.is_integer()):
        yield row.finding("n_is_no_count", nan, row.n, (0.0, nan), f"{row.n:g} is no whole number of respondents")
    outside = [
        share for share, h in zip(row.shares, row.half, strict=True) if share < -_SLACK or share - h > 100.0 + _SLACK
    ]
    if outside:
        yield row.finding(
            "share_outside_range", nan, outside[0], (0.0, 100.0), f"{outside[0]:g} % is not between 0 and 100 %"
        )
    elif row.has_shares:
        total, room = sum(row.shares), sum(row.half)
        if abs(total - 100.0) > room + _SLACK:
            parts = " + ".join(f"{share:g}" for share in row.shares)
            yield row.finding(
                "shares_do_not_sum",
                100.0,
                round(total, 6),
                (100.0 - room, 100.0 + room),
                f"{parts} = {total:.6g}; rounding explains at most {room:g} points away from 100",
            )
    if row.mean < SCORES[-1] - _SLACK or row.mean > SCORES[0] + _SLACK:
        yield row.finding("mean_outside_scale", nan, row.mean, (1.0, 5.0), f"{row.mean:g} is not between 1 and 5")
    elif row.has_shares and not isnan(row.mean) and not outside:
        yield from _check_mean(row, half_mean)


def _check_mean(row: _Row, half_mean: float) -> Iterator[Finding]:
    bounds = mean_bounds(row.shares, row.half)
    if bounds is None:  # the shares themselves are impossible, and that is said already
        return
    lowest, highest = bounds
    if lowest - half_mean - _SLACK <= row.mean <= highest + half_mean + _SLACK:
        return
    total = sum(row.shares)
    scored = sum(score * share for score, share in zip(SCORES, row.shares, strict=True))
    terms = " + ".join(f"{score}·{share:g}" for score, share in zip(SCORES, row.shares, strict=True))
    decimals = 4 if half_mean < 0.04 else 3
    yield row.finding(
        "mean_does_not_follow",
        round(scored / total, decimals),
        row.mean,
        (round(lowest - half_mean, 6), round(highest + half_mean, 6)),
        f"({terms}) / {total:g} = {scored / total:.4f}; exact shares that round to these give "
        f"{lowest:.4f} to {highest:.4f}, so the printed mean lies within {half_mean:g} of that; printed {row.mean:g}",
    )


def _expected_labels(variable: str, question_id: str) -> list[frozenset[str]]:
    """Return the sets of groups that make a whole of an item, by codebook version."""
    sets = []
    for version in VERSIONS:
        codebook = load_codebook(version)
        names = codebook.labels("duration" if variable == "duration" else _CODEBOOK_VARIABLE[variable])
        asked = codebook.item_target_groups.get(question_id, tuple(names)) if variable == "target_group" else names
        sets.append(frozenset(names[code] for code in asked))
    return sets


def _base_label(label: str) -> str:
    """Return a group's name without its remark: 'Sygedagpenge (u. arbejdsgiver)' is Sygedagpenge."""
    return label.partition(" (")[0]


def _is_complete(variable: str, rows: list[_Row], labels: Mapping[str, frozenset[str]]) -> bool:
    """Whether the printed groups of a variable are all there are, so that their n must add up to the whole."""
    if any(isnan(row.n) for row in rows):
        return False
    printed = frozenset(_base_label(row.subgroup) for row in rows)
    expected = _expected_labels(variable, rows[0].question_id)
    if any(printed == complete for complete in expected):
        return True
    known = frozenset[str]().union(*expected)
    return not printed <= known and printed == frozenset(map(_base_label, labels[variable]))


def _sum_of(rows: list[_Row]) -> tuple[float, str]:
    total = sum(row.n for row in rows if not isnan(row.n))
    return total, " + ".join(f"{row.n:.0f}" for row in rows if not isnan(row.n))


def _parts_finding(variable: str, parts: list[_Row], whole: float, of_what: str, *, at_most: bool) -> Finding:
    total, terms = _sum_of(parts)
    said = "cannot exceed" if at_most else "must equal"
    return Finding(
        parts[0].question_id,
        variable,
        " + ".join(row.subgroup for row in parts),
        "parts_do_not_add_up",
        whole,
        total,
        0.0 if at_most else whole,
        whole,
        f"{terms} = {total:.0f}; {said} {whole:.0f} ({of_what})",
    )


def _mismatch(variable: str, parts: list[_Row], whole: float, of_what: str, *, complete: bool) -> Iterator[Finding]:
    """Yield a finding when parts do not make the whole: exactly when complete, at most otherwise."""
    total, _ = _sum_of(parts)
    if isnan(whole) or (total <= whole and not complete) or total == whole:
        return
    yield _parts_finding(variable, parts, whole, of_what, at_most=not complete)


def _check_parts(question_id: str, rows: list[_Row], labels: Mapping[str, frozenset[str]]) -> Iterator[Finding]:
    groups = {
        variable: [row for row in rows if row.subgroup_var == variable]
        for variable in dict.fromkeys(row.subgroup_var for row in rows)
    }
    partitions = {variable: groups[variable] for variable in _CODEBOOK_VARIABLE if variable in groups}
    complete = {variable: _is_complete(variable, parts, labels) for variable, parts in partitions.items()}
    sums = {variable: _sum_of(parts)[0] for variable, parts in partitions.items() if complete[variable]}
    whole, of_what = groups[WHOLE][0].n if WHOLE in groups else nan, "n of the whole"
    if not isnan(whole) and len(sums) > 1 and set(sums.values()) != {whole} and len(set(sums.values())) == 1:
        agreed = next(iter(sums.values()))
        yield groups[WHOLE][0].finding(
            "parts_do_not_add_up",
            agreed,
            whole,
            (agreed, agreed),
            f"the whole is printed as {whole:.0f}, but the parts by {', '.join(sums)} each add up to {agreed:.0f}",
        )
        whole = agreed
    if isnan(whole) and sums:
        counted = list(sums.values())
        whole = max(counted, key=counted.count)
        of_what = f"the parts by {', '.join(variable for variable in sums if sums[variable] == whole)}"
    for variable, parts in partitions.items():
        yield from _mismatch(variable, parts, whole, of_what, complete=complete[variable])
    yield from _check_durations(question_id, groups, complete.get("target_group", False))


def _check_durations(
    question_id: str, groups: Mapping[str, list[_Row]], target_groups_complete: bool
) -> Iterator[Finding]:
    """Duration is asked of current spells only: its parts make that group, and those by target group make it again."""
    names = {load_codebook(version).name_of("status", CURRENT_SPELLS) for version in VERSIONS}
    durations = groups.get("duration", [])
    current = next((row.n for row in groups.get("status", []) if row.subgroup in names), nan)
    if durations:
        printed = frozenset(row.subgroup for row in durations)
        is_complete = printed in _expected_labels("duration", question_id) and not any(
            isnan(row.n) for row in durations
        )
        yield from _mismatch("duration", durations, current, "n of the current spells", complete=is_complete)
    crossed = {variable: rows for variable, rows in groups.items() if variable.startswith("duration_")}
    for variable, rows in crossed.items():
        group = variable.removeprefix("duration_")
        of_group = next(
            (row.n for row in groups.get("target_group", []) if row.subgroup.casefold().startswith(group)), nan
        )
        yield from _mismatch(variable, rows, of_group, f"n of target group {group}", complete=False)
    covered = len(crossed) == len(groups.get("target_group", [])) and target_groups_complete
    for whole in durations:
        parts = [row for rows in crossed.values() for row in rows if row.subgroup == whole.subgroup]
        if parts:
            all_printed = covered and len(parts) == len(crossed) and not any(isnan(row.n) for row in parts)
            yield from _mismatch(
                " + ".join(crossed), parts, whole.n, f"n of duration {whole.subgroup}", complete=all_printed
            )


def _check_whole(
    rows: list[_Row],
    labels: Mapping[str, frozenset[str]],
    half_mean: float,
    wrong_means: set[tuple[str, str, str]],
) -> Iterator[Finding]:
    """The whole is a weighted mean of its parts, whatever the weights, and lies between the lowest and the highest."""
    whole = next((row for row in rows if row.subgroup_var == WHOLE), None)
    if whole is None or isnan(whole.mean) or whole.key in wrong_means:
        return
    for variable in _CODEBOOK_VARIABLE:
        parts = [row for row in rows if row.subgroup_var == variable]
        if not parts or not _is_complete(variable, parts, labels):
            continue
        if any(isnan(row.mean) or row.key in wrong_means for row in parts):
            continue
        lowest = min(row.mean for row in parts) - 2 * half_mean
        highest = max(row.mean for row in parts) + 2 * half_mean
        if not lowest - _SLACK <= whole.mean <= highest + _SLACK:
            means = ", ".join(f"{row.mean:g}" for row in parts)
            yield whole.finding(
                "whole_outside_parts",
                nan,
                whole.mean,
                (round(lowest, 6), round(highest, 6)),
                f"the means by {variable} are {means}; no weights make {whole.mean:g} of them",
            )
