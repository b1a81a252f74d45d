"""
Monte Carlo of the statistics engine: what coverage, false findings and probabilities are when the truth is known.

    python tests/montecarlo/run.py --rounds 500 --out docs/statistics-figures

Writes montecarlo.md with what came out, and ends with exit code 1 when a bar of the issue is missed.
"""

import argparse
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from simulated_rounds import (
    ITEMS,
    LAST_ITEM,
    MUNICIPALITY_SD,
    NULL_ITEMS,
    RARE_ITEM,
    ROUTED_ITEM,
    Country,
    draw_answers,
    make_country,
    moments_of,
    run_round,
    true_means,
)

from borgerpuls.estimation.comparison import (
    MUNI_VS_NATIONAL,
    adjust_comparisons,
    compare_municipalities,
    compare_two_rounds,
    round_difference_type,
)
from borgerpuls.estimation.estimates import SCALE, estimate_items, standard_partitions
from borgerpuls.estimation.ranks import rank_intervals, rank_probabilities
from borgerpuls.estimation.sensitivity import sensitivity_band
from borgerpuls.estimation.targets import reach_target
from borgerpuls.sampling.balance import balance_table
from borgerpuls.sampling.selection import draw_sample

SHOWN = {
    "q1": "asked of all",
    LAST_ITEM: "10 % broke off before it",
    ROUTED_ITEM: "routed, 20 % don't know",
    RARE_ITEM: "asked of 12 %",
}
TARGET_REACH = 0.20  # targets are drawn this far around the truth, evenly
BEST = 3
BINS = np.linspace(0, 1, 6)
STRATUM = ["municipality", "sex", "age_group"]


@dataclass
class Report:
    """What came out: rows of (figure, value, bar, met)."""

    rows: list[tuple[str, str, str, bool | None]] = field(default_factory=list)

    def add(self, name: str, value: float | str, bar: str = "", *, met: bool | None = None) -> None:
        self.rows.append((name, value if isinstance(value, str) else f"{value:.4f}", bar, met))

    def within(self, name: str, value: float, low: float, high: float) -> None:
        self.add(name, value, f"{low:g} to {high:g}", met=bool(low <= value <= high))

    @property
    def missed(self) -> list[str]:
        return [name for name, _, _, met in self.rows if met is False]

    def table(self) -> str:
        said = {True: "met", False: "**missed**", None: ""}
        lines = ["| Figure | Value | Bar | |", "| --- | --- | --- | --- |"]
        return "\n".join(lines + [f"| {n} | {v} | {b} | {said[m]} |" for n, v, b, m in self.rows])


@dataclass
class Collected:
    """Everything a set of rounds gives, as lists of arrays."""

    of: dict[str, list] = field(default_factory=lambda: defaultdict(list))

    def add(self, **values) -> None:
        for name, value in values.items():
            self.of[name].append(value)

    def array(self, name: str) -> np.ndarray:
        return np.array(self.of[name])


def simulate_coverage(country: Country, rounds: int, seed: int) -> Collected:
    """Estimate populations whose municipalities differ; keep errors, standard errors, hits, probabilities and ranks."""
    kept = Collected()
    everyone = standard_partitions()[:1]
    for number in range(rounds):
        rng = np.random.default_rng([seed, number])
        answers = draw_answers(country, rng)
        truth = true_means(country, answers)
        surveyed = run_round(country, answers, rng)
        kept.add(answers_n=len(surveyed.respondents))
        table = estimate_items(surveyed.design, surveyed.respondents, ITEMS, everyone)
        for item in SHOWN:
            rows = table[table["question"] == item].set_index("muni")
            true = truth[item].reindex(rows.index)
            kept.add(**{
                f"{item}_error": (rows["mean"] - true).to_numpy(),
                f"{item}_se": rows["se_mean"].to_numpy(),
                f"{item}_hit": ((rows["lo_mean"] <= true) & (true <= rows["hi_mean"])).to_numpy(),
            })  # fmt: skip
        first = table[table["question"] == "q1"].set_index("muni")
        share = truth["q1_top2"].reindex(first.index)
        kept.add(top2_hit=((first["lo_top2"] <= share) & (share <= first["hi_top2"])).to_numpy())
        kept.add(top2_error=(first["top2"] - share).to_numpy(), top2_se=first["se_top2"].to_numpy())
        own = first.drop(index=-1)
        true = truth["q1"].reindex(own.index).to_numpy()
        for mean, true_mean, se, df in zip(own["mean"], true, own["se_mean"], own["df"], strict=True):
            target = true_mean + rng.uniform(-TARGET_REACH, TARGET_REACH)
            said = reach_target(pd.DataFrame({"mean": [mean], "se_mean": [se], "df": [df]}), target)
            kept.add(target_said=said["probability"].iloc[0], target_came=true_mean >= target)
        best_rank = 1 + (true[:, None] < true[None, :]).sum(axis=1)
        names = pd.Series(own.index.astype(str), index=own.index)
        ranks = rank_intervals(names, own["mean"], own["se_mean"], draws=4_000)
        inside = (ranks["lowest_rank"] <= best_rank) & (best_rank <= ranks["highest_rank"])
        kept.add(rank_hit=inside.to_numpy(dtype=bool))
        kept.add(rank_width=(ranks["highest_rank"] - ranks["lowest_rank"] + 1).to_numpy(dtype=float))
        chance = rank_probabilities(own["mean"], own["se_mean"], draws=4_000, seed=number)
        kept.add(best_said=chance.loc[:, 1:BEST].sum(axis=1).to_numpy(), best_came=best_rank <= BEST)
    return kept


def simulate_null(country: Country, rounds: int, seed: int) -> Collected:
    """Compare municipalities, and two rounds, when nothing differs: every finding is false."""
    kept = Collected()
    for number in range(rounds):
        rng = np.random.default_rng([seed, number])
        answers = draw_answers(country, rng, municipality_sd=0.0)
        earlier, later = (moments_of(run_round(country, answers, rng)) for _ in range(2))
        munis = country.sizes.index.to_numpy()
        across = compare_municipalities(later, SCALE, ITEMS, munis)
        across = across[across["type"] != MUNI_VS_NATIONAL]
        between = compare_two_rounds(later, earlier, SCALE, ITEMS, munis).assign(type=round_difference_type(2, 1))
        table = pd.concat([across, between], ignore_index=True)
        table = table[table["question"].isin(NULL_ITEMS)].reset_index(drop=True)
        table["p_bh"] = adjust_comparisons(table, pd.Series(2, index=table.index))
        differs = table["type"] == across["type"].iloc[0]
        kept.add(
            differs_raw=(table.loc[differs, "p_t"] < 0.05).mean(),
            changed_raw=(table.loc[~differs, "p_t"] < 0.05).mean(),
        )
        kept.add(
            differs=(table.loc[differs, "p_bh"] < 0.05).mean(), changed=(table.loc[~differs, "p_bh"] < 0.05).mean()
        )
        kept.add(reports=table.assign(said=table["p_bh"] < 0.05).groupby("muni")["said"].any().mean())
    return kept


def simulate_draws(country: Country, draws: int, seed: int) -> Collected:
    """Draw the same frame again and again, by the product and by simple random sampling in the same strata."""
    people = country.people
    cell = people.groupby([*STRATUM, "target_group"], sort=True).ngroup().to_numpy()
    stratum = people.groupby(STRATUM, sort=True).ngroup().to_numpy()
    counts = np.zeros(len(people), dtype=np.int64)
    kept = Collected()
    for number in range(draws):
        draw = draw_sample(people, country.sizes, seed=seed * 10_000 + number)
        drawn = draw.sample["person_id"].to_numpy()
        counts[drawn] += 1
        kept.add(cells=np.bincount(cell[drawn], minlength=cell.max() + 1))
        kept.add(systematic=_largest_deviation(people, drawn))
        allocated = np.bincount(stratum[drawn], minlength=stratum.max() + 1)
        order = np.lexsort((np.random.default_rng([seed, number]).random(len(people)), stratum))
        place = np.arange(len(people)) - np.searchsorted(stratum[order], np.arange(stratum.max() + 1))[stratum[order]]
        kept.add(simple=_largest_deviation(people, order[place < allocated[stratum[order]]]))
    probability = (allocated / np.bincount(stratum))[stratum]
    kept.add(counts=counts, probability=probability, expected=np.bincount(cell, weights=probability))
    return kept


def _largest_deviation(people: pd.DataFrame, drawn: np.ndarray) -> tuple[float, float, float]:
    """Largest distance from proportional: in a municipality (persons, percentage points) and all together (persons)."""
    table = balance_table(people, people.iloc[drawn], variables=["target_group"])
    is_whole = table["municipality"] == "all"
    own = table[~is_whole]
    return (
        float(own["deviation_n"].abs().max()),
        float(own["deviation_points"].abs().max()),
        float(table.loc[is_whole, "deviation_n"].abs().max()),
    )


def simulate_dependence(country: Country, rounds: int, seed: int, gamma: float) -> Collected:
    """Let response depend on satisfaction itself and see what the sensitivity band makes of it."""
    kept = Collected()
    keys = ["muni", "sex", "age", "tg"]
    for number in range(rounds):
        rng = np.random.default_rng([seed, number])
        answers = draw_answers(country, rng)
        truth = true_means(country, answers)["q1"]
        surveyed = run_round(country, answers, rng, gamma=gamma)
        table = estimate_items(surveyed.design, surveyed.respondents, ["q1"], standard_partitions()[:1])
        rows = table.set_index("muni")
        true = truth.reindex(rows.index)
        kept.add(
            error=(rows["mean"] - true).to_numpy(),
            hit=((rows["lo_mean"] <= true) & (true <= rows["hi_mean"])).to_numpy(),
        )
        invited = surveyed.invited.rename_axis(keys).rename("invited").reset_index()
        raw = surveyed.collapse.cells.merge(invited, on=keys, how="left").fillna({"invited": 0})
        cells = raw.groupby("cell")[["N", "invited", "r"]].sum().rename(columns={"r": "answers"})
        cell = surveyed.respondents.merge(raw[[*keys, "cell"]], on=keys, how="left", validate="many_to_one")["cell"]
        band = sensitivity_band(surveyed.respondents["q1"].astype(float), cell, cells, gammas=[gamma]).iloc[0]
        kept.add(
            band=(band["lowest"], band["highest"]),
            true=truth[-1],
            corrected=band["mean_if_satisfied_answer_more"] - truth[-1],
        )
    return kept


def calibration(said: np.ndarray, came: np.ndarray) -> tuple[list[tuple[str, int, float, float]], float]:
    """Return (range, n, said, came) per fifth, and the largest gap between said and came."""
    rows, worst = [], 0.0
    for low, high in pairwise(BINS):
        inside = (said >= low) & ((said < high) | (high == 1.0))
        if inside.sum() >= 30:
            mean, share = float(said[inside].mean()), float(came[inside].mean())
            worst = max(worst, abs(mean - share))
            rows.append((f"{low:.1f}-{high:.1f}", int(inside.sum()), mean, share))
    return rows, worst


def summarise(report: Report, kept: Collected) -> str:
    """Put coverage, targets and ranks into the report; return the detail tables."""
    report.add("answers per round, mean", f"{np.mean(kept.of['answers_n']):.0f}")
    for item, what in SHOWN.items():
        hit, se, error = (kept.array(f"{item}_{name}") for name in ("hit", "se", "error"))
        _coverage(report, f"mean, {what}", hit, se, error)
    _coverage(report, "share satisfied", *(kept.array(f"top2_{name}") for name in ("hit", "se", "error")))
    rows, worst = calibration(kept.array("target_said"), kept.array("target_came"))
    report.within("target: largest gap between said and came, by fifths", worst, 0.0, 0.04)
    best, worst_best = calibration(kept.array("best_said").ravel(), kept.array("best_came").ravel())
    report.within(f"rank among best {BEST}: largest gap between said and came, by fifths", worst_best, 0.0, 0.05)
    hits = kept.array("rank_hit")
    report.within("rank intervals: all 13 hold together", float(hits.all(axis=1).mean()), 0.93, 1.0)
    report.add("rank intervals: one municipality's holds", float(hits.mean()))
    report.add("rank intervals: mean number of ranks", f"{kept.array('rank_width').mean():.1f} of {hits.shape[1]}")
    tables = []
    for title, lines in [("Target reached", rows), (f"Among the best {BEST}", best)]:
        tables.append(
            f"\n**{title}: said and came**\n\n| Probability said | n | mean said | share that came |\n| --- | --- | --- | --- |"
        )
        tables += [f"| {label} | {n} | {said:.3f} | {came:.3f} |" for label, n, said, came in lines]
    hit = kept.array("q1_hit").mean(axis=0)
    ratio = kept.array("q1_se").mean(axis=0) / kept.array("q1_error").std(axis=0)
    tables.append(
        "\n**Mean asked of all, by municipality (in order of code)**\n\n| | coverage | SE/SD |\n| --- | --- | --- |"
    )
    tables.append(f"| all | {hit[0]:.3f} | {ratio[0]:.3f} |")
    tables += [
        f"| {place} | {h:.3f} | {r:.3f} |" for place, (h, r) in enumerate(zip(hit[1:], ratio[1:], strict=True), 1)
    ]
    return "\n".join(tables)


def _coverage(report: Report, what: str, hit: np.ndarray, se: np.ndarray, error: np.ndarray) -> None:
    municipal = hit[:, 1:].mean(axis=0)
    report.within(f"{what}: municipal coverage, average", float(municipal.mean()), 0.94, 0.96)
    report.within(f"{what}: municipal coverage, lowest", float(municipal.min()), 0.91, 1.0)
    report.within(f"{what}: coverage, all together", float(hit[:, 0].mean()), 0.92, 0.98)
    sd = error[:, 1:].std(axis=0, ddof=1)
    report.within(f"{what}: SE/SD, municipal average", float((se[:, 1:].mean(axis=0) / sd).mean()), 0.97, 1.03)
    noise = 1 / np.sqrt(2 * len(error))
    report.add(f"{what}: SE/SD, all together", f"{se[:, 0].mean() / error[:, 0].std():.3f} (± {noise:.3f} by chance)")
    report.add(f"{what}: bias, all together", float(error[:, 0].mean()))
    report.add(f"{what}: largest municipal bias", float(np.abs(error[:, 1:].mean(axis=0)).max()))


def summarise_null(report: Report, kept: Collected) -> None:
    mean = {name: float(np.mean(values)) for name, values in kept.of.items()}
    report.within("null: said to differ from the rest, of all comparisons", mean["differs"], 0.0, 0.05)
    report.within("null: said to have changed, of all comparisons", mean["changed"], 0.0, 0.05)
    report.within("null: municipalities' reports with any false finding", mean["reports"], 0.0, 0.055)
    report.within("null: p < 0.05 before adjustment, differs", mean["differs_raw"], 0.04, 0.06)
    report.within("null: p < 0.05 before adjustment, changed", mean["changed_raw"], 0.04, 0.06)


def summarise_draws(report: Report, kept: Collected, draws: int) -> None:
    cells = kept.array("cells")
    expected, probability, counts = (kept.of[name][0] for name in ("expected", "probability", "counts"))
    part = expected - np.floor(expected + 1e-9)  # a cell gets its whole persons always and one more with this chance
    sigma = np.sqrt(part.clip(0) * (1 - part.clip(0)) / draws)
    gap = np.abs(cells.mean(axis=0) - expected)
    z = np.divide(gap, sigma, out=np.where(gap < 1e-9, 0.0, np.inf), where=sigma > 1e-6)
    report.within(f"inclusion: largest deviation of {len(z)} cells, in σ", float(z.max()), 0.0, 4.0)
    off = np.abs(cells - expected).max()
    report.add("inclusion: largest distance of a cell from its expectation in one draw", off, "< 1", met=bool(off < 1))
    drawn = probability < 1
    sigma = np.sqrt(draws * probability[drawn] * (1 - probability[drawn]))
    far = np.abs(counts[drawn] - draws * probability[drawn]) > 4 * sigma
    low = np.ceil(draws * probability[drawn] - 4 * sigma) - 1
    high = np.floor(draws * probability[drawn] + 4 * sigma)
    chance = stats.binom.cdf(low, draws, probability[drawn]) + stats.binom.sf(high, draws, probability[drawn])
    expected_far = float(chance.sum())
    report.add(
        f"inclusion: persons of {int(drawn.sum())} beyond 4σ",
        f"{int(far.sum())} (chance alone: {expected_far:.1f})",
        f"≤ {expected_far + 4 * np.sqrt(expected_far) + 1:.0f}",
        met=bool(far.sum() <= expected_far + 4 * np.sqrt(expected_far) + 1),
    )
    variance = np.mean((counts[drawn] - draws * probability[drawn]) ** 2 / sigma**2)
    report.within("inclusion: variance of persons' counts over the binomial one", float(variance), 0.97, 1.03)
    census = counts[~drawn]
    if census.size:
        report.add(
            "inclusion: persons drawn with certainty, in every draw", "yes", "yes", met=bool((census == draws).all())
        )
    ours, simple = (np.array(kept.of[name]).max(axis=0) for name in ("systematic", "simple"))
    for name, (persons, points, together) in (("the draw", ours), ("simple random in strata", simple)):
        said = f"{persons:.1f} persons ({points:.2f} points); all together {together:.1f} persons"
        report.add(f"target groups: largest deviation in a municipality, {name}", said)
    report.within("target groups: the draw over simple random", float(ours[0] / simple[0]), 0.0, 0.2)


def summarise_dependence(report: Report, kept: Collected, gamma: float) -> None:
    error, band, true = kept.array("error"), kept.array("band"), kept.array("true")
    wide = 2 * error[:, 0].std()
    inside = (band[:, 0] - wide <= true) & (true <= band[:, 1] + wide)
    report.add(f"response depends on satisfaction, γ = {gamma:.2f}: bias, all together", float(error[:, 0].mean()))
    report.add(f"γ = {gamma:.2f}: municipal coverage", float(kept.array("hit")[:, 1:].mean()))
    report.add(f"γ = {gamma:.2f}: bias after the band's correction", float(np.mean(kept.of["corrected"])))
    report.add(f"γ = {gamma:.2f}: truth within the band and two standard errors", float(inside.mean()))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("docs/statistics-figures"))
    options = parser.parse_args(arguments)
    started = time.process_time()
    country, report = make_country(), Report()
    details = summarise(report, simulate_coverage(country, options.rounds, options.seed))
    summarise_null(report, simulate_null(country, options.rounds, options.seed + 1))
    summarise_draws(report, simulate_draws(country, options.draws, options.seed), options.draws)
    dependent = max(options.rounds // 5, 2)
    for gamma in (0.10, 0.25):
        summarise_dependence(report, simulate_dependence(country, dependent, options.seed + 2, gamma), gamma)
    seconds = time.process_time() - started
    options.out.mkdir(parents=True, exist_ok=True)
    head = (
        "# Monte Carlo\n\n"
        f"{options.rounds} rounds, {options.draws} draws, {dependent} rounds with response that depends on satisfaction; "
        f"seed {options.seed}; {seconds:.0f} s of processor time. Made by `make montecarlo`; written by the programme, "
        "never by hand.\n\n"
        f"The population is the pilot's in size and shape: 13 municipalities, {len(country.people):,} persons, "
        f"{int(country.sizes.sum()):,} invitations; response depends on municipality, sex, age and target group. "
        f"Answers are drawn anew in every round, with a standard deviation of {MUNICIPALITY_SD} between municipalities "
        "(0 in null data), and every estimate is held against its own round's population.\n\n"
    )
    (options.out / "montecarlo.md").write_text(head + report.table() + "\n" + details + "\n", "utf-8")
    print(report.table())
    if report.missed:
        print(f"\nMissed: {'; '.join(report.missed)}", file=sys.stderr)
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
