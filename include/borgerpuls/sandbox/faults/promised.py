"""
T1c: T1 where the gateways take each message id once, and a doubt is sent again on that promise (decision 0014).

The dispatch is killed while it sends, and in every other round the one that takes over is killed too, while it sends the
doubts again. In the end nothing may be in doubt, each person must have one message, and what a gateway was offered again
must have been the same message to the same person. The gateways keep what they are offered again in a ledger of its own.
"""

import random
from collections import Counter
from pathlib import Path

from borgerpuls.sandbox import drill
from borgerpuls.sandbox.faults.crash import POINTS, kill_one, take_over
from borgerpuls.sandbox.faults.page import Drill, Found, Report
from borgerpuls.sandbox.faults.world import MUNICIPALITY, judge, own_world
from borgerpuls.sandbox.gateways import Accepted, read_ledger, repeats_path

RUNS, PEOPLE = 100, 500
POINTS_OF_SENDING_AGAIN = ("begun", "intended", "called", "noted")


def run(share: float, report: Report) -> Found:
    """Kill dispatches, let others take over and send again, compare."""
    runs = max(2, round(RUNS * share))
    found = Found(dose=f"{runs} runs × {PEOPLE} messages, every other killed twice", longest_recovery_seconds=0.0)
    dice = random.Random(20230829)
    killed = [0, 0]
    with (
        own_world(gateways_deduplicate='["digital_post", "sms"]') as world,
        world.gateways(deduplicate=True) as ledgers,
    ):
        host = drill.DispatchHost()
        try:
            for number in range(runs):
                round_id = f"{3000 + number}-1"
                drill.make_round(round_id, {MUNICIPALITY: PEOPLE})
                since = drill.ledger_sizes(ledgers)
                point = dice.choice(POINTS) if number % 4 else "random moment"
                killed[0] += kill_one(host, round_id, point, ledgers, dice, PEOPLE)
                if number % 2:
                    drill.outlast_leases()
                    again = dice.choice(POINTS_OF_SENDING_AGAIN)
                    killed[1] += kill_one(host, round_id, again, ledgers, dice, PEOPLE, most_passings=8)
                take_over(round_id, found)
                verdict = judge(found, round_id, ledgers, since, crashes=0)
                report(f"T1c {number + 1}/{runs}: {point}, in doubt {verdict.unknown} in the end")
        finally:
            host.close()
        repeated = _repeated(ledgers, found)
    found.notes.append(
        f"{killed[0]} of {runs} dispatches were killed while they sent, {killed[1]} of {runs // 2} while they took over; "
        f"the gateways were offered {repeated:,} messages again that they had already taken."
    )
    if not repeated:
        found.broken.append("nothing was sent again that a gateway had: the drill shows nothing")
    return found


def _repeated(ledgers: list[Path], found: Found) -> int:
    """Return how many messages were offered again, each under the ids and to the person of the first time."""
    repeats = 0
    for ledger in ledgers:
        first = {line.message_id: _who(line) for line in read_ledger(ledger)}
        again = Counter((line.message_id, _who(line)) for line in read_ledger(repeats_path(ledger)))
        repeats += again.total()
        strange = sum(first.get(message_id) != who for message_id, who in again)
        if strange:
            found.broken.append(f"{strange} messages were sent again to somebody else or under another transaction")
    return repeats


def _who(line: Accepted) -> tuple[str, str]:
    return line.transaction_id, line.recipient


DRILL = Drill("T1c", "the same where gateways take each id once, and doubts are sent again on that promise", run)
