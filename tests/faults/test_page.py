"""The page of the fault drills: one drill run again changes its own lines and nobody else's."""

from pathlib import Path

import pytest

from borgerpuls.errors import DrillIsUnknown
from borgerpuls.sandbox.faults import page
from borgerpuls.sandbox.faults.page import Drill, Found, find_drills, with_found


def drill(code: str, found: Found | None = None) -> Drill:
    return Drill(code, f"fault {code}", lambda share, report: found or Found(dose="1 run"))


def test_a_drill_run_again_replaces_its_own_lines_and_keeps_the_others() -> None:
    first = with_found("", drill("T1"), Found(dose="3 runs", cases=30, notes=["early."]))
    both = with_found(first, drill("T1b"), Found(dose="9 seeds", in_doubt=4, most_in_doubt=2))
    again = with_found(both, drill("T1"), Found(dose="5 runs", cases=50, doubles=1, broken=["S1 in run 4."]))
    assert "| T1b | fault T1b | 9 seeds | 0 of 0 | 0 of 0 | 4, at most 2 a run |  | yes |" in again
    assert "| T1 | fault T1 | 5 runs | 1 of 50 | 0 of 50 | 0 |  | **no** |" in again
    assert "* **T1** **Broken:** S1 in run 4." in again
    assert "early" not in again
    assert "3 runs" not in again


def test_every_drill_is_named_by_its_code_and_an_unknown_one_is_refused() -> None:
    assert [found.code for found in find_drills([])] == list(page.DRILLS)
    assert [found.code for found in find_drills(["t1B"])] == ["T1b"]
    with pytest.raises(DrillIsUnknown, match="'T99'"):
        find_drills(["T1", "T99"])


def test_the_command_fails_and_the_page_says_so_when_a_promise_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, broken = Found(dose="1 run"), Found(dose="1 run", lost=1, cases=9)
    for code, found, expected in (("T1", held, True), ("T1b", broken, False)):
        monkeypatch.setattr(page, "find_drills", lambda codes, code=code, found=found: [drill(code, found)])
        assert page.run_faults([code], 1.0, tmp_path / "faults.md", lambda line: None) == expected
    text = (tmp_path / "faults.md").read_text()
    assert text.count("| yes |") == 1
    assert text.count("| **no** |") == 1
