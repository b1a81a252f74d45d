"""T17 and the burst, scaled: whatever dies, each acknowledged answer is there exactly once."""

from pathlib import Path

import pytest
from sqlalchemy import text

from borgerpuls.database import engine
from borgerpuls.sandbox.crowd import Crowd, inside_the_round, judge, lay_forms
from borgerpuls.sandbox.faults.answers import answer_under_fire
from borgerpuls.sandbox.faults.burst import burst, row_versions
from borgerpuls.sandbox.postgres import EmbeddedPostgres
from borgerpuls.sandbox.web_process import WebProcess

ROUND = "2023-2"


def test_answers_survive_a_web_process_and_a_database_that_are_killed() -> None:
    found = answer_under_fire(200, (0.2, 0.6), lambda _: None, most_kills=2)
    assert found.broken == []
    assert (found.doubles, found.lost, found.in_doubt) == (0, 0, 0)
    assert found.cases > 400


def test_a_burst_of_citizens_loses_no_answer_and_its_link_previews_change_nothing() -> None:
    found = burst(2, 13, lambda _: None, think_seconds=0.05)
    assert found.broken == []
    assert (found.doubles, found.lost, found.in_doubt) == (0, 0, 0)
    assert found.cases > 150


@pytest.fixture(scope="module")
def ledger(round_database: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What twenty citizens were told, none of it untrue."""
    inside_the_round()
    folder = tmp_path_factory.mktemp("crowd")
    web = WebProcess(folder / "web")
    web.start()
    try:
        Crowd(web.port, folder / "crowd.tsv").visit(lay_forms(ROUND, 20), clients=4)
    finally:
        web.stop()
    return folder / "crowd.tsv"


def test_a_clean_ledger_agrees_with_the_database(ledger: Path) -> None:
    verdict = judge(ROUND, ledger)
    assert verdict.acknowledged > 150
    assert (verdict.lost, verdict.doubles, verdict.strangers) == (0, 0, 0)


ONE = "(SELECT response_id FROM answers.form ORDER BY 1 LIMIT 1)"
PLANTED = {
    f"DELETE FROM answers.answer WHERE item_id = 'status' AND response_id = {ONE}": (1, 0, 0),
    f"DELETE FROM answers.page_save WHERE page_id = 'moedet' AND response_id = {ONE}": (1, 0, 0),
    "UPDATE answers.answer SET choices = '{x}' WHERE item_id = 'trust'": (20, 0, 0),
    f"UPDATE answers.form SET revision = revision + 2 WHERE response_id = {ONE}": (0, 2, 0),
    f"INSERT INTO answers.page_save SELECT {ONE}, gen_random_uuid(), 'moedet'": (0, 0, 1),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_loss_or_double_is_found(ledger: Path, planted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with engine("database_admin_url").connect() as connection:

        class _Same:
            """The same open transaction, so that what is planted goes away again."""

            def connect(self) -> "_Same":
                return self

            def __enter__(self) -> object:
                return connection

            def __exit__(self, *_: object) -> None: ...

        monkeypatch.setattr("borgerpuls.sandbox.crowd.engine", lambda _: _Same())
        monkeypatch.setattr("borgerpuls.sandbox.faults.burst.engine", lambda _: _Same())
        before = row_versions()
        connection.execute(text(planted))
        found = judge(ROUND, ledger)
        assert (found.lost, found.doubles, found.strangers) == PLANTED[planted]
        assert row_versions() != before
        connection.rollback()
