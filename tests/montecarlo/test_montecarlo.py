"""A small dose of the Monte Carlo: the engine is right on average. `make montecarlo` gives the full dose."""

import numpy as np
import pytest
from run import (
    Report,
    calibration,
    main,
    simulate_coverage,
    simulate_draws,
    simulate_null,
    summarise_draws,
)
from simulated_rounds import NULL_ITEMS, draw_answers, make_country, true_means


@pytest.fixture(scope="module")
def country():
    return make_country(scale=0.25)


def test_estimates_are_unbiased_and_their_standard_errors_as_large_as_their_errors(country):
    kept = simulate_coverage(country, 40, seed=4)
    error, se, hit = (kept.array(f"q1_{name}") for name in ("error", "se", "hit"))
    z = error / se
    # 40 rounds × 13 municipalities = 520 errors: five standard errors of chance are allowed
    assert abs(z[:, 1:].mean()) < 5 / np.sqrt(z[:, 1:].size)
    assert z[:, 1:].std() == pytest.approx(1.0, abs=5 / np.sqrt(2 * z[:, 1:].size))
    assert hit[:, 1:].mean() == pytest.approx(0.95, abs=5 * np.sqrt(0.05 * 0.95 / hit[:, 1:].size))
    assert kept.array("rank_hit").all(axis=1).mean() > 0.8
    assert calibration(kept.array("target_said"), kept.array("target_came"))[1] < 0.2


def test_findings_on_data_where_nothing_differs_are_rare(country):
    kept = simulate_null(country, 12, seed=5)
    assert np.mean(kept.of["differs"]) <= 0.05
    assert np.mean(kept.of["changed"]) <= 0.05
    assert np.mean(kept.of["differs_raw"]) == pytest.approx(0.05, abs=0.04)
    assert np.mean(kept.of["changed_raw"]) == pytest.approx(0.05, abs=0.04)


def test_everybody_is_drawn_as_often_as_designed_and_target_groups_stay_in_proportion(country):
    report = Report()
    summarise_draws(report, simulate_draws(country, 40, seed=6), 40)
    assert report.missed == []
    assert len(report.rows) >= 6


def test_null_data_have_equal_means_in_every_municipality(country):
    answers = draw_answers(country, np.random.default_rng(1), municipality_sd=0.0)
    means = true_means(country, answers)[NULL_ITEMS]
    half_a_step = 0.5 / country.people.groupby("municipality").size().min()
    assert (means - means.loc[-1]).abs().max(axis=None) <= 2 * half_a_step
    assert answers[NULL_ITEMS].isin([1, 2, 3, 4, 5]).all(axis=None)


def test_the_country_has_the_size_and_the_response_of_the_pilot():
    pilot = make_country()
    frame_n = pilot.people.groupby("municipality").size()
    assert len(pilot.people) == 67_629
    assert abs(frame_n.min() - 1_467) <= 1
    assert abs(frame_n.max() - 14_103) <= 5
    assert pilot.sizes.sum() == 23_119
    assert (pilot.sizes.min(), pilot.sizes.max()) == (1_016, 2_266)
    invited = (pilot.sizes / frame_n).reindex(pilot.people["municipality"]).to_numpy()
    expected = invited * pilot.chance
    assert expected.sum() == pytest.approx(9_989, rel=0.005)
    shares = [
        expected[(pilot.people[v] == code).to_numpy()].sum() / expected.sum()
        for v, code in [("sex", 0), ("age_group", 0)]
    ]
    assert shares == pytest.approx([0.6038, 0.1331], abs=0.002)


def test_a_missed_bar_is_written_and_ends_with_exit_code_1(tmp_path, capsys):
    # two rounds cannot reach the bars of coverage
    assert main(["--rounds", "2", "--draws", "2", "--out", str(tmp_path)]) == 1
    written = (tmp_path / "montecarlo.md").read_text("utf-8")
    assert "**missed**" in written
    assert "Missed:" in capsys.readouterr().err
