"""
One worker of the measurements, a program of its own: what a reporting task does, with a clock beside it.

Arguments: round, "reports" or "artefacts", codes. It draws the first once to be warm, waits for a line on standard input,
draws all, and writes one line of JSON per municipality. It imports nothing that a task does not import.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from borgerpuls import content_store
from borgerpuls.reporting import drawing, stage
from borgerpuls.reporting.memo import Participation
from borgerpuls.terms import ArtefactKind

spent: dict[str, dict[str, float]] = {}
"""By kind: CPU seconds, bytes and pages of what was drawn last."""


def timed(kind: ArtefactKind, *arguments: Any) -> drawing.Drawing:
    """Draw one artefact and keep what it took."""
    started = time.process_time()
    drawn = untimed(kind, *arguments)
    spent[kind] = {
        "seconds": time.process_time() - started, "bytes": len(drawn.content), "pages": drawn.page_count or 0,
    }  # fmt: skip
    return drawn


untimed = drawing.draw_one
drawing.draw_one = timed


def draw_report(round_id: str, code: str) -> None:
    """Read the figures, draw the report alone and keep it."""
    data = stage.read_report_data(round_id, code)
    content_store.keep(drawing.draw(data, Participation(2, 1), [ArtefactKind.PDF])[ArtefactKind.PDF].content)


def memory() -> dict[str, float]:
    """Return this process's peak resident memory, and its memory now with shared pages counted in part (PSS), in MB."""
    found = {}
    for name, file in (("VmHWM", "status"), ("Pss", "smaps_rollup")):
        lines = Path(f"/proc/self/{file}").read_text(encoding="ascii").splitlines()
        found[name] = next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))
    return found


def main(round_id: str, what: str, *codes: str) -> None:
    draw = {"reports": draw_report, "artefacts": stage.draw_artefacts}[what]
    draw(round_id, codes[0])
    print("ready", flush=True)
    sys.stdin.readline()
    started, cpu = time.perf_counter(), time.process_time()
    for code in codes:
        draw(round_id, code)
        line = {"code": code, "kinds": spent, "elapsed": time.perf_counter() - started,
                "processor": time.process_time() - cpu, **memory()}  # fmt: skip
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
