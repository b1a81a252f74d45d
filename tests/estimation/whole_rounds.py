"""
Whole rounds of the sandbox, withheld and attacked: python tests/estimation/whole_rounds.py; docs/figures/disclosure-rounds.md.

The demo's round (13 municipalities, answers spread, seed 1) and one with all 98. What is counted are cells: one item in one
domain of one municipality.
"""

import os
import resource
import sys
import time
from pathlib import Path

import pandas as pd

from borgerpuls.estimation.attacker import derived_counts, protect
from borgerpuls.estimation.choices import Choices, choices_of
from borgerpuls.estimation.disclosure import CELL, COMPLEMENTARY, Thresholds
from borgerpuls.estimation.figures import with_ids
from borgerpuls.estimation.invariants import contradictions, strangers
from borgerpuls.estimation.workers import attack_pool
from borgerpuls.sandbox.country import CountryKind
from borgerpuls.sandbox.whole_round import make_round

PAGE = Path(__file__).resolve().parents[2] / "docs" / "figures" / "disclosure-rounds.md"
KINDS: dict[str, CountryKind] = {"13": "pilot", "98": "all"}
WORKERS = 2
WITHOUT_LIMIT = float("inf")


def study(kind: CountryKind) -> list[str]:
    """Make, protect and attack one round; return its part of the page."""
    round_ = make_round(1, kind)
    figures = round_.figures()
    categories = {category.code: category.items for category in round_.codebook.categories}
    choices = choices_of(round_.instrument)
    with attack_pool(WORKERS) as pool:
        start = _used()
        protected, reasons = protect(figures, Thresholds(), categories, choices, pool=pool)
    protected_at = _used()
    own_sake = set(reasons.loc[reasons["reason"] != COMPLEMENTARY, CELL].itertuples(index=False, name=None))
    with attack_pool(WORKERS) as pool:
        found = derived_counts(protected, own_sake, categories=categories, choices=choices, pool=pool)
    attacked_at = _used()
    named = with_ids(protected, "2023-2", "snapshot", "version")
    wrong = [*contradictions(named), *strangers(named, round_.codebook, round_.instrument)]
    checked_at = _used()
    means = protected[protected["measure"].isin(["mean", "category_mean"])]
    by_domain = means.groupby("domain")["is_suppressed"].agg(["sum", "size"])
    causes = reasons["reason"].value_counts()
    lines = [
        f"## {round_.people['municipality_code'].nunique()} municipalities",
        "",
        "| | |",
        "| --- | --- |",
        f"| answers; figures | {len(round_.responses):,}; {len(protected):,} |",
        f"| counts that can be worked out | {len(found)} |",
        f"| contradictions | {len(wrong)} |",
        f"| withhold and repair: processor time; elapsed | {_spent(start, protected_at)} |",
        f"| attack: processor time; elapsed | {_spent(protected_at, attacked_at)} |",
        f"| invariants: processor time; elapsed | {_spent(attacked_at, checked_at)} |",
        (
            f"| cells withheld for their own sake (few answers, one category) | {causes.get('few_answers', 0)}, "
            f"{causes.get('one_category', 0)} |"
        ),
        f"| cells withheld to protect them | {causes.get(COMPLEMENTARY, 0)} |",
        (
            f"| means withheld | {int(means['is_suppressed'].sum())} of {len(means)} "
            f"({means['is_suppressed'].mean():.1%}) |"
        ),
        "",
        "| means by domain | withheld | of |",
        "| --- | --- | --- |",
        *(f"| {domain} | {int(row['sum'])} | {int(row['size'])} |" for domain, row in by_domain.iterrows()),
        "",
    ]
    if kind == "pilot":
        lines += _ranges(protected, figures, own_sake, categories, choices)
    return lines


def _used() -> tuple[float, float]:
    """Processor time of this process and of its workers that have ended, and the time of day, in seconds."""
    own, workers = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + workers.ru_utime + workers.ru_stime, time.monotonic()


def _spent(start: tuple[float, float], end: tuple[float, float]) -> str:
    return "; ".join(f"{after - before:.0f} s" for before, after in zip(start, end, strict=True))


def _ranges(
    protected: pd.DataFrame,
    figures: pd.DataFrame,
    own_sake: set[tuple[str, ...]],
    categories: dict[str, tuple[str, ...]],
    choices: Choices,
) -> list[str]:
    """What the attacker knows about the valid answers of each cell that is withheld for its own sake."""
    every = derived_counts(protected, own_sake, categories=categories, choices=choices, room=WITHOUT_LIMIT)
    truth = figures.drop_duplicates(CELL).set_index(CELL)["valid_n"]
    rows = [one for one in every if one.what == "valid_n" and one[:4] in own_sake]
    return [
        "The range that is left for the valid answers of each cell that is withheld for its own sake:",
        "",
        "| cell | truth | least | most |",
        "| --- | --- | --- | --- |",
        *(f"| {'·'.join(one[:4])} | under 5 | {one.least} | {one.most} |" for one in rows),
        "",
        f"The truth lies within all {sum(one.least <= truth[one[:4]] <= one.most for one in rows)} of {len(rows)}.",
        "",
    ]


def main() -> None:
    """Write the page for the kinds given, default both."""
    kinds = sys.argv[1:] or list(KINDS)
    lines = [
        "# Disclosure control: whole rounds of the sandbox",
        "",
        (
            f"Written by `python tests/estimation/whole_rounds.py {' '.join(kinds)}` (`make disclosure`), seed 1, answers "
            "drawn in memory as the demo's, but for its channels. The sandbox is no real municipality; its ranges reveal nobody. Two processes, one thread each; processor "
            f"time is that of both. Elapsed time on {len(os.sched_getaffinity(0))} cores with a load of "
            f"{os.getloadavg()[2]:.1f} over the last quarter of an hour."
        ),
        "",
    ]
    for kind in kinds:
        lines += study(KINDS[kind])
        PAGE.write_text("\n".join(lines), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name} written\n")


if __name__ == "__main__":
    main()
