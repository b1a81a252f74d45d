"""
T1b: the real dispatch in the deterministic simulator, one story per seed (see `sandbox/simulator.py`).
"""

import itertools

from borgerpuls.sandbox import simulator
from borgerpuls.sandbox.faults.page import Drill, Found, Report

SEEDS = 10_000
REPORT_EVERY = 1000


def run(share: float, report: Report) -> Found:
    """Tell the stories; a seed that fails is printed and stays on the page."""
    seeds = max(1, round(SEEDS * share))
    found = Found(dose=f"{seeds:,} seeds, each with gateways that take an id once and with others")
    counts = {"acceptances": 0, "crashes": 0, "stalls": 0, "restores": 0, "resent": 0}
    for seed, deduplicates in itertools.product(range(seeds), (False, True)):
        try:
            world = simulator.tell_story(seed, deduplicates=deduplicates)
        except simulator.PromiseBrokenError as error:
            told = f"seed {seed}, {'with' if deduplicates else 'without'} deduplication: {error}"
            found.broken.append(told)
            report(f"T1b {told}")
            continue
        counts["acceptances"] += sum(world.accepted.values())
        counts["crashes"] += world.crashes
        counts["stalls"] += world.stalls
        counts["restores"] += world.restores
        counts["resent"] += world.resent
        found.cases += len(world.rows)
        found.in_doubt += world.newly_unknown
        found.most_in_doubt = max(found.most_in_doubt, world.newly_unknown)
        if deduplicates and (seed + 1) % REPORT_EVERY == 0:
            report(f"T1b {seed + 1}/{seeds}")
    found.notes.append(
        "; ".join(f"{number:,} {name}" for name, number in counts.items())
        + ". S1, S2, S3 and S5 are checked at every call and at the end of each story."
    )
    return found


DRILL = Drill("T1b", "the same logic in a simulator with a virtual clock: crashes, stalls, restores, answers", run)
