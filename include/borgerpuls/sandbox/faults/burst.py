"""
T17b: the burst after an SMS wave. Visits begin at a fixed rate whether the service keeps up or not, each message is opened
by a link preview first, and every citizen goes from the link to the receipt as a browser does.
"""

import time

from sqlalchemy import text

from borgerpuls.database import engine
from borgerpuls.sandbox.crowd import Crowd, inside_the_round, judge, lay_forms, preview
from borgerpuls.sandbox.faults.page import Drill, Found, Report
from borgerpuls.sandbox.faults.world import own_world
from borgerpuls.sandbox.web_process import WebProcess

STARTS_PER_SECOND = 13.0
SECONDS = 15 * 60
THINK_SECONDS = 1.0
"""A real citizen reads for half a minute; what the service does for each page is the same."""
CLIENTS = 400
PREVIEWED_SHARE = 0.1
ROUND = "2023-2"
REACHABLE = (
    "answers.form", "answers.page_save", "answers.answer", "answers.open_answer", "link.access", "rounds.round",
)  # fmt: skip
PREVIEWERS = (
    "facebookexternalhit/1.1", "WhatsApp/2.23", "Twitterbot/1.0", "Slackbot-LinkExpanding 1.0", "TelegramBot",
    "LinkedInBot/1.0", "Discordbot/2.0", "SkypeUriPreview", "Googlebot/2.1", "bingbot/2.0", "Applebot/0.1",
    "Iframely/1.3.1", "redditbot/1.0", "Pinterestbot/1.0", "Viber/13", "Snapchat URL preview", "YandexBot/3.0",
    "Mozilla/5.0 (iPhone) MessagesLinkPreview", "Android-Messages-Preview", "SafeLinks",
)  # fmt: skip


def run(share: float, report: Report) -> Found:
    """Let the wave come in, then compare."""
    return burst(SECONDS * share, STARTS_PER_SECOND, report)


def burst(seconds: float, starts_per_second: float, report: Report, *, think_seconds: float = THINK_SECONDS) -> Found:
    """
    Run the drill.

    Args:
        seconds: How long visits begin.
        starts_per_second: How many begin each second.
        report: Told how far it is.
        think_seconds: Pause of each citizen on each page.
    """
    with own_world() as world:
        inside_the_round()
        visitors = lay_forms(ROUND, max(20, round(seconds * starts_per_second)))
        web = WebProcess(world.folder / "web")
        web.start()
        ledger = world.folder / "crowd.tsv"
        crowd = Crowd(web.port, ledger)
        try:
            before = row_versions()
            previews = preview(web.port, visitors, PREVIEWERS, PREVIEWED_SHARE)
            changed = len(row_versions() ^ before)
            report(f"T17b: {previews} link previews changed {changed} rows")
            began = time.monotonic()
            told = crowd.visit(
                visitors, clients=CLIENTS, starts_per_second=starts_per_second, think_seconds=think_seconds
            )
            took = time.monotonic() - began
        finally:
            web.stop()
        verdict = judge(ROUND, ledger)
    begun = told.submissions / (seconds + told.latest_start_seconds)
    found = Found(
        dose=f"{told.submissions:,} citizens, {starts_per_second:.0f} a second due, {begun:.1f} a second begun",
        cases=verdict.acknowledged,
        doubles=verdict.doubles,
        lost=verdict.lost,
        in_doubt=told.gave_up,
    )
    if changed:
        found.broken.append(f"link previews changed {changed} rows")
    if verdict.strangers or told.gave_up or verdict.acknowledged != told.pages:
        found.broken.append(f"{verdict.strangers} saves nobody was told about; {told.gave_up} citizens gave up")
    saves = sorted(told.save_seconds)
    found.notes.append(
        f"{previews:,} links opened first by {len(PREVIEWERS)} kinds of link preview (HEAD and GET): {changed} rows changed. "
        f"{told.requests / took:.0f} requests/s over {took:.0f} s, {told.tries_again} sent again, every visit from link to "
        f"receipt with {think_seconds:g} s on each page; a visit began at most {told.latest_start_seconds:.1f} s late."
    )
    found.notes.append(
        f"A page save took {1000 * saves[len(saves) // 2]:.0f} ms (median) and {1000 * saves[len(saves) * 99 // 100]:.0f} ms "
        "(99 %) with crowd, service and database on the same processors."
    )
    return found


def row_versions() -> set[tuple[str, str]]:
    """Return every version of every row that a citizen can reach: a row that is written again has another one."""
    with engine("database_admin_url").connect() as connection:
        return {
            (table, f"{row.ctid} {row.xmin}")
            for table in REACHABLE
            for row in connection.execute(text(f"SELECT ctid::text, xmin::text FROM {table}"))
        }


DRILL = Drill("T17b", "13 citizens a second after an SMS wave, link previews first", run)
