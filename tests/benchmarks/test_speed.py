"""The engine's speed and memory against its bars, a bare bincount pass and `svy`."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from surveys import ITEMS, NATIONAL, ORDER, PILOT, Size, estimate, make_frame, make_survey

from borgerpuls.estimation.estimates import estimate_items, item_codes, standard_partitions
from borgerpuls.estimation.variance import survey_design
from borgerpuls.sampling.allocation import PrecisionTarget, sizes_by_precision
from borgerpuls.sampling.selection import draw_sample
from borgerpuls.weighting.cells import collapse_cells, weight_to_population

SIZES = pytest.mark.parametrize("size", [PILOT, NATIONAL], ids=lambda size: size.name)
CPU = pytest.mark.benchmark(timer=time.process_time, min_rounds=7, warmup=True, warmup_iterations=2)

SECONDS = {"pilot": 0.1, "national": 0.5}
SECONDS_TO_DRAW = 0.2
MEGABYTES = 400


@pytest.fixture(scope="session")
def surveys() -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    return {size.name: make_survey(size) for size in (PILOT, NATIONAL)}


@SIZES
@CPU
def test_one_bare_bincount_pass_is_the_floor(benchmark, surveys, figures, size: Size):
    respondents, _ = surveys[size.name]
    weight = np.full(len(respondents), 7.0)
    codes = [item_codes(respondents, item) for item in ITEMS]
    keys = []
    for way in standard_partitions():
        group = way.group_of(respondents)
        keys.append((respondents["muni"].to_numpy() * (len(way.groups) + 1) + group + 1) * 6)

    def count() -> int:
        return sum(len(np.bincount(key + code, weights=weight)) for key in keys for code in codes)

    assert benchmark(count) > 0
    figures[f"{size.name} bincount"] = benchmark.stats["min"]


@SIZES
@CPU
def test_estimates_alone(benchmark, surveys, figures, size: Size):
    respondents, population = surveys[size.name]
    design = survey_design(respondents, collapse_cells(population, respondents, order=ORDER))
    table = benchmark(estimate_items, design, respondents, ITEMS, standard_partitions())
    assert len(table) == len(ITEMS) * 16 * (1 + size.municipalities)
    figures[f"{size.name} estimates"] = benchmark.stats["min"]


@SIZES
@CPU
def test_the_whole_survey_meets_its_bar(benchmark, surveys, figures, size: Size):
    tables = benchmark(estimate, *surveys[size.name])
    assert tables.estimates["mean"].notna().all()
    figures[f"{size.name} survey"] = benchmark.stats["min"]
    assert benchmark.stats["min"] <= SECONDS[size.name]


@SIZES
@CPU
def test_the_draw_meets_its_bar(benchmark, figures, size: Size):
    frame = make_frame(size)
    target = PrecisionTarget(0.02, expected_response=0.43)
    sizes = sizes_by_precision(frame.groupby("municipality").size(), target, total=size.sample)
    draw = benchmark(draw_sample, frame, sizes, seed=1)
    assert len(draw.sample) == size.sample
    figures[f"{size.name} sample"] = benchmark.stats["min"]
    assert benchmark.stats["min"] <= SECONDS_TO_DRAW


@SIZES
def test_the_process_stays_within_its_memory(figures, size: Size):
    def peak(what: str) -> float:
        program = [sys.executable, str(Path(__file__).parent / "surveys.py"), size.name, what]
        return float(subprocess.run(program, check=True, capture_output=True, text=True).stdout)

    figures[f"{size.name} data"] = peak("data")
    figures[f"{size.name} peak"] = peak("estimate")
    assert figures[f"{size.name} peak"] < MEGABYTES


@pytest.mark.benchmark(timer=time.process_time)
@pytest.mark.filterwarnings("ignore")
def test_svy_gives_the_same_means_shares_and_errors_in_more_time(benchmark, surveys, figures):
    polars, svy = pytest.importorskip("polars"), pytest.importorskip("svy")
    respondents, population = surveys["pilot"]
    collapse = collapse_cells(population, respondents, order=ORDER)
    weights = weight_to_population(respondents, collapse)
    persons = collapse.cells.drop_duplicates("cell").set_index("cell")["cell_N"]
    table = respondents.fillna(0).assign(
        all=1, cell=weights["cell"], weight=weights["weight"], persons=weights["cell"].map(persons)
    )
    data = polars.DataFrame({name: table[name].to_numpy() for name in table.columns})

    def with_svy() -> dict[tuple[str, str], tuple[object, object]]:
        sample = svy.Sample(data, svy.Design(stratum="cell", wgt="weight", pop_size="persons"))
        results = {}
        for item in ITEMS:
            valid = svy.col(item) > 0
            for way in ("all", "sex", "age", "tg", "status", "dur"):
                for by in ([way], [way, "muni"]):
                    mean = sample.estimation.mean(item, by=by, where=valid)
                    results[item, "-".join(by)] = (mean, sample.estimation.prop(item, by=by, where=valid))
        return results

    results = benchmark.pedantic(with_svy, rounds=1, iterations=1)
    figures["pilot svy"] = benchmark.stats["min"]

    ours = estimate_items(survey_design(respondents, collapse), respondents, ITEMS, standard_partitions())
    compared = 0
    for (item, by), (mean, share) in results.items():
        way = by.split("-")[0]
        known = ours[(ours["question"] == item) & (ours["var"] == way)]
        municipal = by.endswith("muni")
        known = known[(known["muni"] >= 0) == municipal].rename(columns={"group": way})
        keys = [way, "muni"] if municipal else [way]
        theirs = mean.to_polars().to_pandas().astype(dict.fromkeys(keys, float))
        merged = known.merge(theirs.drop(columns=["n", "df"]), on=keys)
        assert len(merged) == len(known)
        np.testing.assert_allclose(merged["mean"], merged["est"], rtol=1e-9)
        np.testing.assert_allclose(merged["se_mean"], merged["se"], atol=1e-9)
        shares = share.to_polars().to_pandas().astype(dict.fromkeys([*keys, item], float))
        for value in (1, 5):
            merged = known.merge(shares[shares[item] == value][[*keys, "est", "se"]], on=keys)
            assert len(merged) == len(known)
            np.testing.assert_allclose(merged[f"p{value}"], merged["est"], atol=1e-9)
            np.testing.assert_allclose(merged[f"se_p{value}"], merged["se"], atol=1e-9)
        compared += len(known)
    assert compared == len(ours)
