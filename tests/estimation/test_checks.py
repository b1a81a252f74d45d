"""Checks of printed tables: every real error is found, and rounding alone never raises an alarm."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from borgerpuls.cli import app
from borgerpuls.codebooks import files
from borgerpuls.errors import ColumnIsMissing, FileIsMissing, ValueIsUnreadable
from borgerpuls.estimation.checks import INPUT_COLUMNS, check_figures, mean_bounds
from borgerpuls.estimation.figure_file import check_figure_file


def pilot():
    return files.read_table("published/pilot2023/published_results.csv")[list(INPUT_COLUMNS)]


def keys(findings):
    return set(zip(findings["question_id"], findings["subgroup_var"], findings["subgroup"], strict=True))


PILOT_ERRORS = {
    ("coherence", "target_group", "Aktivitetsparate"),  # S5
    ("coop", "duration", "Over 2 år"),  # S6
    ("coop", "status", "Igangværende"),  # S7
    ("coop", "status", "Afsluttet"),  # S7
    ("belief", "all", "Samlet"),  # S9
    ("coop", "duration", "Under 26 uger + 26-52 uger + 1-2 år + Over 2 år"),  # S8
}


def test_the_errors_of_the_pilot_are_found_and_no_other_row_is_accused():
    findings = check_figures(pilot())
    assert keys(findings) == PILOT_ERRORS
    assert len(findings) == len(PILOT_ERRORS)
    arithmetic = findings.set_index(["question_id", "subgroup"])["arithmetic"]
    assert "171 + 146 + 452 + 72 = 841; must equal 736" in arithmetic.iloc[-1]
    assert "= 3.0991" in arithmetic["coherence", "Aktivitetsparate"]


def test_the_same_table_saved_by_a_spreadsheet_gives_the_same_findings(tmp_path):
    without_zeros = pilot().replace(r"(\.\d*?)0+$", r"\1", regex=True).replace(r"\.$", "", regex=True)
    assert (without_zeros != pilot()).any(axis=None)
    assert keys(check_figures(without_zeros)) == PILOT_ERRORS


def test_a_mean_that_rounding_can_just_reach_is_believed_and_the_next_one_is_not():
    # by hand: 50 % 'five' and 50 % 'four', whole percents: means reach 4.47 (0.5 % 'two' and 'one' each) to 4.505
    assert mean_bounds((50, 50, 0, 0, 0), (0.5,) * 5) == pytest.approx((4.47, 4.505))
    for mean, believed in [("4.51", True), ("4.52", False), ("4.47", True), ("4.46", False)]:
        table = row(pct_5="50", pct_4="50", mean=mean, decimals="0")
        assert check_figures(table).empty is believed


def row(*, pct_5, pct_4, mean, decimals, **changed):
    values = {
        "question_id": "q", "subgroup_var": "all", "subgroup": "Samlet", "n": "100", "pct_5": pct_5, "pct_4": pct_4,
        "pct_3": "0.0", "pct_2": "0.0", "pct_1": "0.0", "mean_published": mean, "pct_decimals": decimals,
        "dont_know_n": "",
    }  # fmt: skip
    return pd.DataFrame([values | changed])


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"pct_5": "60.0"}, "shares_do_not_sum"),
        ({"pct_5": "150.0"}, "share_outside_range"),
        ({"pct_3": "-1.0"}, "share_outside_range"),
        ({"mean": "5.60"}, "mean_outside_scale"),
        ({"mean": "4.20"}, "mean_does_not_follow"),
        ({"n": "-3"}, "n_is_no_count"),
        ({"n": "3.5"}, "n_is_no_count"),
    ],
)
def test_what_cannot_be_true_in_a_single_row_is_named(changed, check):
    base = {"pct_5": "50.0", "pct_4": "50.0", "mean": "4.50", "decimals": "1"}
    assert check_figures(row(**base)).empty
    assert check in set(check_figures(row(**(base | changed)))["check"])


@pytest.mark.parametrize("variable", ["target_group", "age", "sex", "status", "duration"])
@pytest.mark.parametrize("question", ["trust", "jobs", "closer"])
def test_one_person_too_many_in_any_group_breaks_the_sum_of_its_parts(question, variable):
    table = pilot()
    at = table[(table["question_id"] == question) & (table["subgroup_var"] == variable)].index[0]
    table.loc[at, "n"] = str(int(table.loc[at, "n"]) + 1)
    new = check_figures(table)
    new = new[[key not in PILOT_ERRORS for key in zip(*(new[c] for c in new.columns[:3]), strict=True)]]
    assert set(new["question_id"]) == {question}
    assert set(new["check"]) == {"parts_do_not_add_up"}


def test_a_wrong_total_is_blamed_on_the_total_when_all_parts_agree_against_it():
    table = pilot()
    at = table[(table["question_id"] == "info") & (table["subgroup_var"] == "all")].index[0]
    table.loc[at, "n"] = "8511"
    new = check_figures(table)
    assert keys(new) - PILOT_ERRORS == {("info", "all", "Samlet")}
    assert len(new) == len(PILOT_ERRORS) + 1


def test_a_hidden_group_or_a_missing_row_is_no_error_but_parts_above_the_whole_are():
    table = pilot()
    of_sex = table[(table["question_id"] == "trust") & (table["subgroup_var"] == "sex")].index
    hidden = table.copy()
    hidden.loc[of_sex[0], ["n", "pct_5", "pct_4", "pct_3", "pct_2", "pct_1", "mean_published"]] = ""
    assert keys(check_figures(hidden)) == PILOT_ERRORS
    assert keys(check_figures(table.drop(index=of_sex[0]))) == PILOT_ERRORS
    hidden.loc[of_sex[1], "n"] = "9999"
    assert keys(check_figures(hidden)) - PILOT_ERRORS == {("trust", "sex", "Kvinder + Mænd")}


def test_a_whole_above_all_its_parts_is_found_even_when_its_own_shares_agree():
    table = pilot()
    at = table[(table["question_id"] == "trust") & (table["subgroup_var"] == "all")].index[0]
    table.loc[at, ["pct_5", "pct_4", "pct_3", "pct_2", "pct_1", "mean_published"]] = [
        "60.0", "30.0", "5.0", "3.0", "2.0", "4.43",
    ]  # fmt: skip
    findings = check_figures(table)
    assert set(findings.loc[findings["question_id"] == "trust", "check"]) == {"whole_outside_parts"}


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), decimals=st.sampled_from([0, 1, 2]))
@example(seed=0, decimals=0)
def test_a_true_table_never_raises_an_alarm_however_it_is_rounded(seed, decimals):
    table, _ = true_table(seed, decimals)
    assert check_figures(table).empty


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_mean_moved_beyond_rounding_is_always_found(seed):
    table, rng = true_table(seed, 1)
    at = int(rng.integers(len(table)))
    mean = float(table.loc[at, "mean_published"])
    table.loc[at, "mean_published"] = f"{mean - 0.03 if mean > 3 else mean + 0.03:.2f}"
    findings = check_figures(table)
    assert tuple(table.loc[at, ["question_id", "subgroup_var", "subgroup"]]) in keys(findings)


def true_table(seed, decimals):
    """A table made from weighted people, so that everything in it is true up to rounding."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(40, 400))
    people = pd.DataFrame(
        {
            "all": "Samlet",
            "sex": rng.choice(["Kvinder", "Mænd"], n),
            "age": rng.choice(["Under 30", "30-49", "50+"], n),
            "status": rng.choice(["Igangværende", "Afsluttet"], n),
            "score": rng.choice([1, 2, 3, 4, 5], n, p=rng.dirichlet(np.ones(5))),
            "weight": rng.uniform(0.5, 9, n),
        }
    )
    rows = []
    for variable in ("all", "sex", "age", "status"):
        for label, group in people.groupby(variable):
            weight = group.groupby("score")["weight"].sum().reindex([5, 4, 3, 2, 1], fill_value=0.0)
            share = weight / weight.sum()
            rows.append(
                [
                    *("q", variable, label, str(len(group))),
                    *(f"{100 * s:.{decimals}f}" for s in share),
                    *(f"{float((share * share.index).sum()):.2f}", str(decimals), ""),
                ]
            )
    return pd.DataFrame(rows, columns=list(INPUT_COLUMNS)), rng


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ("question_id;subgroup_var;n\n1;2;3\n", ValueIsUnreadable, "separated by semicolons"),
        ("question_id,n\nq,3\n", ColumnIsMissing, "Column subgroup_var, subgroup"),
        ("", ValueIsUnreadable, "not a comma-separated"),
        ("HEADER\nq,all,Samlet,100,50.0,50.0,0.0,0.0,0.0,mange,1,\n", ValueIsUnreadable, "Line 2: 'mange' in column"),
        ('HEADER\nq,all,Samlet,100,50.0,50.0,0.0,0.0,0.0,"4,50",1,\n', ValueIsUnreadable, "decimals with a point"),
        ("HEADER\nq,all,Samlet,100,50,50,0,0,0,4.5,1,,7,8,9\n", ValueIsUnreadable, "as many fields in every line"),
        ("HEADER\nq,all,S,1,100,0,0,0,0,5,0,\nq,all,S,1,100,0,0,0,0,5,0,\n", ValueIsUnreadable, "Lines 2 and 3"),
    ],
)  # fmt: skip
def test_a_malformed_file_is_refused_with_the_line_and_the_way_out(tmp_path, content, error, message):
    path = tmp_path / "figures.csv"
    path.write_text(content.replace("HEADER", ",".join(INPUT_COLUMNS)), "utf-8")
    with pytest.raises(error, match=message):
        check_figure_file(path, tmp_path)
    assert not (tmp_path / "findings.csv").exists()


def test_a_byte_order_mark_is_read_and_other_encodings_are_refused(tmp_path):
    path = tmp_path / "figures.csv"
    text = pilot().to_csv(index=False)
    path.write_text(text, "utf-8-sig")
    assert check_figure_file(path, tmp_path) == (203, 6)
    path.write_bytes(text.encode("cp1252"))
    with pytest.raises(ValueIsUnreadable, match="in UTF-8"):
        check_figure_file(path, tmp_path)
    with pytest.raises(FileIsMissing, match=r"no file nowhere\.csv"):
        check_figure_file(tmp_path / "nowhere.csv", tmp_path)


def test_the_command_writes_the_findings_and_says_how_many(tmp_path):
    path = tmp_path / "figures.csv"
    pilot().to_csv(path, index=False)
    result = CliRunner().invoke(app, ["check-figures", str(path), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "203 rows checked, 6 findings" in result.output
    assert len(pd.read_csv(tmp_path / "out" / "findings.csv")) == 6
    refused = CliRunner().invoke(app, ["check-figures", str(tmp_path / "no.csv"), "--out", str(tmp_path)])
    assert refused.exit_code == 2
    assert "There is no file no.csv" in refused.output


def test_one_decimal_means_are_recognised_in_a_long_table_and_can_be_said_for_a_short_one():
    table = pilot().query("subgroup_var == 'sex' and question_id != 'coop'").reset_index(drop=True)
    table["mean_published"] = [f"{float(mean):.1f}" for mean in table["mean_published"]]
    assert len(table) > 10
    assert check_figures(table).empty
    short = table.iloc[:2]
    assert not check_figures(short, mean_decimals=2).empty
    assert check_figures(short, mean_decimals=1).empty
