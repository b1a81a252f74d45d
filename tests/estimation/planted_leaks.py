"""
Random published tables, protected, and with a leak put back in; the full dose run as a program: docs/figures/disclosure.md.

A leak is planted by showing again all but one of the withheld members of one sum, so that the last one follows from it by
plain arithmetic; the attacker does not know where.
"""

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

import numpy as np
import pandas as pd
from bdo_appendix import bdo_figures, from_printed_rates, with_small_groups_blanked

from borgerpuls.codebooks.published import bdo_2023_response_rates
from borgerpuls.estimation.attacker import derived_counts, protect
from borgerpuls.estimation.derived import Derived
from borgerpuls.estimation.disclosure import CELL, Thresholds
from borgerpuls.estimation.figures import COMPARISONS, COUNTS

GROUPS = {"sex": ("kvinde", "mand"), "target_group": ("a", "b", "c", "d")}
SCALE = (5, 4, 3, 2, 1)
FULL_DOSE, PORTION, WORKERS = 500, 50, 2


def random_figures(rng: np.random.Generator) -> pd.DataFrame:
    """Figures of one item in three to five municipalities, some of them with small groups."""
    places = [f"{100 + number:04d}" for number in range(rng.integers(3, 6))]
    sizes = rng.integers(12, 90, len(places))
    people = pd.DataFrame({"municipality_code": np.repeat(places, sizes)})
    people["sex"] = rng.choice(GROUPS["sex"], len(people))
    people["target_group"] = rng.choice(GROUPS["target_group"], len(people), p=rng.dirichlet([4, 4, 2, 1]))
    people["weight"] = people["municipality_code"].map(dict(zip(places, rng.uniform(1, 9, len(places)), strict=True)))
    people["answer"] = rng.choice([*SCALE, 0], len(people), p=[0.24, 0.3, 0.18, 0.1, 0.1, 0.08])
    domains = [("all", [""]), *GROUPS.items()]
    rows = []
    for place in ["alle", *places]:
        own = people if place == "alle" else people[people["municipality_code"] == place]
        for domain, groups in domains:
            for group in groups:
                rows += _cell(place, domain, group, own if domain == "all" else own[own[domain] == group])
    for place in ["alle", *places]:
        own = people if place == "alle" else people[people["municipality_code"] == place]
        for measure, value in (("weight_min", own["weight"].min()), ("weight_max", own["weight"].max())):
            rows.append(_row(place, "all", "", measure, "", value) | {"item_id": "weighting"})
    return pd.DataFrame(rows)


def _cell(place: str, domain: str, group: str, own: pd.DataFrame) -> list[dict[str, object]]:
    if own.empty:
        return []
    valid = own[own["answer"] > 0]
    base = float(valid["weight"].sum())
    counts = {"valid_n": len(valid), "dont_know_n": len(own) - len(valid), "not_asked_n": 0, "broken_off_n": 0}
    shares = {k: float(valid.loc[valid["answer"] == k, "weight"].sum()) / base if base else np.nan for k in SCALE}
    mean = sum(k * share for k, share in shares.items())
    rows = [_row(place, domain, group, "mean", "", mean)]
    rows += [_row(place, domain, group, "share", str(k), share) for k, share in shares.items()]
    return [row | counts | {"weighted_base": base} for row in rows]


def _row(place: str, domain: str, group: str, measure: str, category: str, value: float) -> dict[str, object]:
    return {
        "municipality_code": place, "item_id": "trust", "domain": domain, "domain_group": group, "measure": measure,
        "category": category, "value": value, "standard_error": 0.1, "degrees_of_freedom": 9.0, "lower": np.nan,
        "upper": np.nan, "no_interval_reason": "", "is_different_from_rest": False, "is_different_from_previous": False,
        "weighted_base": np.nan, **dict.fromkeys(COUNTS, np.nan), **dict.fromkeys(COMPARISONS, np.nan),
    }  # fmt: skip


def plant_leak(
    figures: pd.DataFrame, protected: pd.DataFrame, rng: np.random.Generator
) -> tuple[pd.DataFrame, tuple[str, ...], int] | None:
    """Return the table with a leak, the cell that leaks and its true number; None where nothing is withheld."""
    cells = figures[figures["measure"] == "mean"].reset_index(drop=True)
    hidden = protected.loc[figures["measure"] == "mean", "is_suppressed"].to_numpy(dtype=bool)
    sums = []
    for (place, _), part in cells[cells["domain"] != "all"].groupby(["municipality_code", "domain"]):
        whole = cells[(cells["municipality_code"] == place) & (cells["domain"] == "all")]
        sums.append([*part.index, *whole.index])
    for _, part in cells.groupby(["domain", "domain_group"]):
        sums.append(list(part.index))
    sums = [members for members in sums if hidden[members].sum() >= 2]
    if not sums:
        return None
    members = [row for row in sums[rng.integers(len(sums))] if hidden[row]]
    leak = int(rng.choice(members))
    shown = pd.MultiIndex.from_frame(cells.loc[[row for row in members if row != leak], CELL])
    result = protected.copy()
    again = pd.MultiIndex.from_frame(figures[CELL]).isin(shown)
    result.loc[again, figures.columns] = figures[again].astype(result[figures.columns].dtypes.to_dict())
    result.loc[again, "is_suppressed"] = False
    return result, tuple(cells.loc[leak, CELL]), int(cells.loc[leak, "valid_n"])


def is_found(found: list[Derived], cell: tuple[str, ...], truth: int) -> bool:
    """Tell whether the attacker names the cell, with a range that holds the truth."""
    return any(one[:4] == cell and one.what == "valid_n" and one.least <= truth <= one.most for one in found)


def run(tables: int, seed: int) -> dict[str, int]:
    """Count tables, planted leaks, leaks found, protected tables and false alarms on them."""
    result = {"tables": 0, "planted": 0, "found": 0, "protected": 0, "false_alarms": 0, "withheld": 0, "cells": 0}
    rng = np.random.default_rng(seed)
    while result["planted"] < tables:
        figures = random_figures(rng)
        protected, reasons = protect(figures, Thresholds(), {})
        result["tables"] += 1
        leak = plant_leak(figures, protected, rng)
        if leak is None:
            continue
        result["protected"] += 1
        own_sake = reasons.loc[reasons["reason"] != "complementary", CELL].itertuples(index=False, name=None)
        result["false_alarms"] += bool(derived_counts(protected, set(own_sake)))
        items = reasons["item_id"] == "trust"
        result["withheld"] += int(items.sum())
        result["cells"] += int((figures["measure"] == "mean").sum())
        table, cell, truth = leak
        result["planted"] += 1
        result["found"] += is_found(derived_counts(table), cell, truth)
    return result


def run_all(tables: int, workers: int) -> tuple[dict[str, int], float]:
    """Run *tables* in portions, several at a time, and sum them up; also the processor time of all, in seconds."""
    seeds = range(1, tables // PORTION + 1)
    with ProcessPoolExecutor(workers) as pool:
        parts = list(pool.map(run_timed, repeat(PORTION), seeds))
    return {name: sum(part[name] for part, _ in parts) for name in parts[0][0]}, sum(seconds for _, seconds in parts)


def run_timed(tables: int, seed: int) -> tuple[dict[str, int], float]:
    """Return what `run` does, and the processor time that it took."""
    start = time.process_time()
    return run(tables, seed), time.process_time() - start


def bdo_lines() -> list[str]:
    """What the attacker makes of BDO's annex of 2023 with its small groups blanked and its totals kept."""
    figures = bdo_figures()
    blanked = with_small_groups_blanked(figures)
    found = derived_counts(blanked)
    every = derived_counts(blanked, room=float("inf"))
    rates = from_printed_rates()
    protected, reasons = protect(figures, Thresholds(), {})
    smallest = min(rates, key=lambda one: one.citizens)
    return [
        "## BDO's annex of 2023, its small groups blanked",
        "",
        "Population, answers and rate by benefit of one municipality, as printed; groups with fewer than five answers blanked,",
        "all else kept.",
        "",
        "| | |",
        "| --- | --- |",
        f"| groups; of them blanked | {len(bdo_2023_response_rates()) - 1}; {int(blanked['is_suppressed'].sum())} |",
        f"| ranges that populations and totals leave | {', '.join(f'{one.least}-{one.most}' for one in every)} |",
        f"| counts with a range of fewer than three | {len(found)} |",
        f"| counts that the rates, printed to a per cent, give exactly | {sum(one.is_exact for one in rates)} of {len(rates)} |",
        f"| cells that `protect` withholds of it; then found | {len(reasons)}; {len(derived_counts(protected))} |",
        "",
        f"Example: the count of a group with {smallest.citizens} citizens is blanked. With the totals kept it lies between",
        f"{found[0].least} and {found[0].most}; its printed rate says that it is {smallest.least}, as it was.",
        "",
    ]


def main() -> None:
    """Write the full dose to docs/figures/disclosure.md."""
    result, seconds = run_all(FULL_DOSE, WORKERS)
    page = Path(__file__).resolve().parents[2] / "docs" / "figures" / "disclosure.md"
    lines = [
        "# Disclosure control: what the attacker finds",
        "",
        "Written by `python tests/estimation/planted_leaks.py` (`make disclosure`). Random tables of one item, 3-5 municipalities,",
        "two partitions; withheld by `protect`, then one leak is planted per table by showing members of a sum again.",
        "",
        "| | |",
        "| --- | --- |",
        f"| random tables made | {result['tables']} |",
        f"| of them with something withheld, and a leak planted | {result['planted']} |",
        f"| planted leaks found; missed | {result['found']}; {result['planted'] - result['found']} |",
        f"| alarms on the {result['protected']} protected tables before planting | {result['false_alarms']} |",
        f"| cells withheld | {result['withheld']} of {result['cells']} |",
        f"| processor time | {seconds:.0f} s |",
        "",
        "What `protect` cannot repair - an alarm on a protected table - stops its publication.",
        "",
        *bdo_lines(),
    ]
    page.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    sys.stdout.write(f"{result}\n")


if __name__ == "__main__":
    main()
