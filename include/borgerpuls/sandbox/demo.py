"""
`make demo`: the pilot's round from empty databases to printed reports, every step a DAG run under the scheduler.

The demo is the world around the system: it makes the country, moves the simulated clock, lets the citizens answer, and
presses the buttons that operations press.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import date, datetime, time, timedelta
from http.client import HTTPException
from pathlib import Path

import httpx
import pandas as pd
import typer
from rich.console import Console

from borgerpuls import clock
from borgerpuls.clock import COPENHAGEN
from borgerpuls.errors import BorgerpulsError, DagRunFailed
from borgerpuls.retention.stage import prove
from borgerpuls.rounds.calendar import RoundDates, half_yearly_dates
from borgerpuls.sandbox import overview, services
from borgerpuls.sandbox.country import Country, make_country, municipality_alone, smallest_municipality
from borgerpuls.sandbox.extracts import registrations, write_extracts
from borgerpuls.sandbox.installation import Installation, only_one_command
from borgerpuls.sandbox.progress import Steps
from borgerpuls.sandbox.round_runner import RoundRunner
from borgerpuls.sandbox.services import RunningSandbox
from borgerpuls.sandbox.visits import CitizenVisits, link_to_try
from borgerpuls.settings import settings

ROUND_ID = "2023-2"
ROUND_NAME = "Pilotrunden 2023"
OPENING = datetime(2023, 8, 7, 9, 0, tzinfo=COPENHAGEN)
OPEN_ROUND_ID = "2024-1"
OPEN_ROUND_NAME = "Forårsrunden 2024"
OPEN_ROUND_SAMPLE = 10
OPEN_ROUND_VERSION = "2024"
OPEN_ROUND_OPENING = datetime(2024, 2, 5, 9, 0, tzinfo=COPENHAGEN)
"""The next, small round in the smallest municipality, in the field when the demo ends: its form can be filled in."""
SENDING_TIME = time(10, 0)
RETENTION_TIME = time(5, 0)
CHAIN_AFTER_CLOSE = ("weighting", "estimation", "reporting", "publication")
SECONDS_BETWEEN_MEMORY_LOOKS = 3.0
TABLE_WIDTH = 160
"""Columns that the widest table needs; a narrower terminal folds its lines rather than its cells."""


def run_demo(home: Path, seed: int) -> None:
    """Run the whole round; whatever fails ends the command with status 1 and is said in one paragraph."""
    console = Console()
    home = home.resolve()
    steps = Steps(console, lambda: services.processor_seconds(home))
    try:
        with only_one_command(home), _watched_memory(home) as memory:
            installation, link = run_round(home, seed, steps, with_open_round=True)
    except (BorgerpulsError, httpx.HTTPError, HTTPException, OSError) as error:
        console.print(f"\n[bold red]{type(error).__name__}[/bold red]: {error}", highlight=False, soft_wrap=True)
        console.print(f"Logs: {home / 'logs'}. What runs goes on running: `make down` stops it.", highlight=False)
        raise typer.Exit(1) from error
    _show_results(console, steps, max(memory))
    _show_addresses(console, installation)
    console.print(
        f"[bold]{'One citizen':14}[/bold] {link}   {OPEN_ROUND_NAME} {OPEN_ROUND_ID} is in the field: fill it in",
        highlight=False,
        soft_wrap=True,
    )


def show_up(home: Path) -> None:
    """Start the services and say where they are."""
    console, home = Console(), home.resolve()
    steps = Steps(console)
    with only_one_command(home), steps.step("Services") as step:
        sandbox = services.up(home, report=step.say)
    _show_addresses(console, sandbox.installation)


def show_down(home: Path) -> None:
    """Stop the services and say which ran."""
    with only_one_command(home.resolve()):
        stopped = services.down(home)
    Console().print(f"Stopped: {', '.join(stopped) or 'nothing ran'}.")


def show_clean(home: Path) -> None:
    """Stop the services, remove the installation and say so."""
    with only_one_command(home.resolve()):
        services.clean(home)
    Console().print(f"Removed {home}. Reports in `output` and the packages in `.venv` stay.")


# --- the round --------------------------------------------------------------------------------------------------


def run_round(
    home: Path,
    seed: int,
    steps: Steps,
    form: Mapping[str, object] | None = None,
    when_up: Callable[[RunningSandbox], None] | None = None,
    with_open_round: bool = False,
) -> tuple[Installation, str]:
    """
    Run the pilot's round of *seed* in the installation *home*.

    Args:
        home: The installation's folder.
        seed: Of the country, its keys and the sample.
        steps: Shows what is going on.
        form: Changes what operations fill in.
        when_up: Called when the services are healthy.
        with_open_round: Forget the first round on its day, then open the next, small one, and leave it in the field.

    Returns:
        The installation, and the link of a citizen who has not answered: of the open round where there is one.
    """
    dates = half_yearly_dates(ROUND_ID)
    with steps.step("Services") as step:
        sandbox = services.up(home, seed=seed, fresh=True, report=step.say)
        step.outcome = f"{len(services.services(sandbox.installation))} services and PostgreSQL"
    if when_up:
        when_up(sandbox)
    with steps.step("Country") as step:
        step.say("67,629 citizens and their municipalities' extracts")
        country = make_country(seed, "pilot", ROUND_ID)
        truth = send_extracts(country, ROUND_ID)
        step.outcome = (
            f"{len(country.citizens):,} citizens, {len(truth):,} rows in {len(country.municipalities)} extracts"
        )
    with closing(RoundRunner(sandbox.installation)) as runner, ThreadPoolExecutor(1) as aside:
        open_round(runner, filled_form(country, dates, seed) | dict(form or {}), steps)
        making_up_their_minds = aside.submit(CitizenVisits, country, ROUND_ID)
        approve(runner, steps)
        citizens = making_up_their_minds.result()
        do_fieldwork(runner, citizens, dates, steps)
        close_and_publish(runner, dates, steps)
        if with_open_round:
            forget(runner, dates, steps)
            begin_next_round(runner, seed, steps)
    return sandbox.installation, link_to_try(OPEN_ROUND_ID if with_open_round else ROUND_ID)


def open_round(runner: RoundRunner, form: dict[str, object], steps: Steps) -> None:
    """Switch the DAGs on, send the form of *rounds*, and wait for frame and sample."""
    clock.move_to(OPENING)
    with steps.step("rounds") as step:
        runner.switch_on(step.say)
        runner.run("rounds", step.say, form)
        step.outcome = f"{ROUND_NAME} is open"
    for dag_id in ("frame", "sampling"):
        with steps.step(dag_id) as step:
            runner.follow(dag_id, step.say)


def approve(runner: RoundRunner, steps: Steps) -> None:
    """Let a second person approve what would be sent."""
    with steps.step("fieldwork: plan, dry run, approval") as step:
        runner.approve("fieldwork", "prepare.approve", step.say)


def forget(runner: RoundRunner, dates: RoundDates, steps: Steps) -> None:
    """
    Move to the day on which the round is forgotten, let retention do it, and look whether it is so.

    Raises:
        DagRunFailed: Something is left.
    """
    due = dates.close_date + timedelta(days=settings().round_retention_days)
    clock.move_to(datetime.combine(due, RETENTION_TIME, COPENHAGEN))
    with steps.step("retention") as step:
        runner.run("retention", step.say)
        left = [one.sentence for one in prove(ROUND_ID) if not one.holds]
        if left:
            raise DagRunFailed(" ".join(left), where=f"retention, {ROUND_ID}")
        step.outcome = f"{ROUND_NAME} is forgotten, and it is proven"


def begin_next_round(runner: RoundRunner, seed: int, steps: Steps) -> None:
    """Open the spring's round in the smallest municipality, have it approved, and send its invitations."""
    whole = make_country(seed, "pilot", OPEN_ROUND_ID)
    municipality = smallest_municipality(whole)
    country = municipality_alone(whole, municipality)
    send_extracts(country, OPEN_ROUND_ID)
    dates = half_yearly_dates(OPEN_ROUND_ID)
    form = filled_form(country, dates, seed) | {
        "round_id": OPEN_ROUND_ID,
        "name": OPEN_ROUND_NAME,
        "questionnaire_version": OPEN_ROUND_VERSION,
        "codebook_version": OPEN_ROUND_VERSION,
        "sample_rule": "sizes",
        "sample_sizes": {municipality: OPEN_ROUND_SAMPLE},
    }
    clock.move_to(OPEN_ROUND_OPENING)
    with steps.step("the spring's round, to its approval") as step:
        runner.run("rounds", step.say, form)
        for dag_id in ("frame", "sampling"):
            runner.follow(dag_id, step.say)
        runner.approve("fieldwork", "prepare.approve", step.say)
    clock.move_to(datetime.combine(dates.invitation_date, SENDING_TIME, COPENHAGEN))
    with steps.step("the spring's round: invitation") as step:
        runner.run("fieldwork", step.say)
        step.outcome = f"{OPEN_ROUND_NAME} is in the field"


def do_fieldwork(runner: RoundRunner, citizens: CitizenVisits, dates: RoundDates, steps: Steps) -> None:
    """Send the three waves, each on its day, let the citizens answer after each, and collect."""
    contacts = (dates.invitation_date, dates.reminder_1_date, dates.reminder_2_date)
    for wave, (day, last_day) in enumerate(zip(contacts, _last_days(dates), strict=True), start=1):
        clock.move_to(datetime.combine(day, SENDING_TIME, COPENHAGEN))
        with steps.step(f"fieldwork: {'invitation' if wave == 1 else f'reminder {wave - 1}'}") as step:
            runner.run("fieldwork", step.say)
        with steps.step(f"Citizens answer, wave {wave}") as step:
            step.outcome = citizens.answer(dates.invitation_date, day, last_day, step.say)
        with steps.step(f"responses: wave {wave}") as step:
            runner.run("responses", step.say)


def close_and_publish(runner: RoundRunner, dates: RoundDates, steps: Steps) -> None:
    """Close the round the day after its last day, and wait for all that follows."""
    clock.move_to(datetime.combine(dates.close_date + timedelta(days=1), time(8, 0), COPENHAGEN))
    with steps.step("fieldwork: last receipts") as step:
        runner.run("fieldwork", step.say)
    with steps.step("responses: close and freeze") as step:
        runner.run("responses", step.say)
    for dag_id in CHAIN_AFTER_CLOSE:
        with steps.step(dag_id) as step:
            runner.follow(dag_id, step.say)


def send_extracts(country: Country, round_id: str) -> pd.DataFrame:
    """Put the municipalities' extracts in the inbox, tell the gateways who can be reached, and return the truth of every row."""
    truth = write_extracts(country, settings().inbox_folder, round_id)
    gateways = settings().gateway_place()
    gateways.mkdir(mode=0o700, exist_ok=True)
    registrations(country).to_csv(gateways / "registrations.csv", index=False)
    return truth


def filled_form(country: Country, dates: RoundDates, seed: int) -> dict[str, object]:
    """Return what operations fill in; the rest of the form keeps its defaults."""
    return {
        "round_id": ROUND_ID,
        "name": ROUND_NAME,
        "municipalities": sorted(country.municipalities.index),
        "seed": seed,
        **{name: day.isoformat() for name, day in vars(dates).items()},
    }


def _last_days(dates: RoundDates) -> tuple[date, date, date]:
    """Return the last day of each wave: the day before the next contact, and the round's last day."""
    day = timedelta(days=1)
    return dates.reminder_1_date - day, dates.reminder_2_date - day, dates.close_date


# --- the terminal -----------------------------------------------------------------------------------------------


def _show_results(console: Console, steps: Steps, megabytes: float) -> None:
    figures = overview.read_figures(ROUND_ID)
    console.print()
    wide = Console(width=max(console.width, TABLE_WIDTH))
    wide.print(overview.municipality_table(figures, overview.read_reports(ROUND_ID)))
    console.print()
    console.print(overview.national_table(figures))
    console.print()
    console.print(steps.times())
    console.print(f"Most memory in use: {megabytes / 1024:.1f} GB", highlight=False)
    console.print()


def _show_addresses(console: Console, installation: Installation) -> None:
    for name, what in (
        ("Airflow", f"{installation.airflow_url}   users and passwords: {installation.password_file}"),
        ("Questionnaire", installation.questionnaire_url),
    ):
        console.print(f"[bold]{name:14}[/bold] {what}", highlight=False, soft_wrap=True)
    console.print("`make down` stops everything, `make up` starts it again.")


@contextmanager
def _watched_memory(home: Path) -> Iterator[list[float]]:
    """Yield a list that grows by the megabytes in use, measured every few seconds."""
    seen = [0.0]
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(SECONDS_BETWEEN_MEMORY_LOOKS):
            seen.append(services.memory_megabytes(home))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()
