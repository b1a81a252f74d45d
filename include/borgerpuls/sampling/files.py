"""
Sampling on plain files: `borgerpuls sample`.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from borgerpuls.errors import ColumnIsMissing, SampleSizeIsImpossible
from borgerpuls.plain_files import natural, numbers, read_plain, require_values, write_plain
from borgerpuls.sampling.allocation import PrecisionTarget, sizes_by_precision
from borgerpuls.sampling.balance import balance_table
from borgerpuls.sampling.selection import FRAME, Draw, draw_sample

FRAME_FILE = "frame.csv"
SIZES_FILE = "sizes.csv"

_ALSO_CALLED = {"muni": "municipality", "age": "age_group", "tg": "target_group"}
"""The shorter names that the files of weighting and estimation use."""


def sample_files(
    folder: Path,
    out: Path,
    *,
    seed: int,
    target: PrecisionTarget | None = None,
    total: int | None = None,
    expected_hash: str | None = None,
) -> Draw:
    """
    Draw a sample from the frame in a folder; write sample.csv, allocation.csv, balance.csv and draw.json.

    Args:
        folder: Folder with frame.csv and, without *target*, sizes.csv (`municipality, n`).
        out: Folder to write to.
        seed: Whole number >= 0.
        target: Precision wanted in every municipality, instead of sizes.csv.
        total: Invitations over all municipalities, with *target*.
        expected_hash: Refuse to draw when the frame's hash is another.

    Raises:
        BorgerpulsError: As `draw_sample`, `sizes_by_precision` and `read_plain`.
    """
    frame = read_frame(folder)
    if target is None:
        if total is not None:
            raise SampleSizeIsImpossible(
                "A total goes with a precision target, not with configured sizes.",
                where="--total",
                next_step="Add --precision, or leave the total out.",
            )
        sizes = read_sizes(folder)
        rule: dict[str, object] = {"rule": SIZES_FILE}
    else:
        sizes = sizes_by_precision(frame.groupby("municipality").size(), target, total=total)
        rule = {"rule": "precision", "total": total} | vars(target)
    draw = draw_sample(frame, sizes, seed=seed, expected_hash=expected_hash)
    write_plain(draw.sample, out, "sample.csv")
    write_plain(draw.allocation, out, "allocation.csv")
    write_plain(balance_table(frame, draw.sample), out, "balance.csv")
    drawn = {"seed": seed, "frame_hash": draw.frame_hash, "frame_n": len(frame), "sample_n": len(draw.sample)} | rule
    (out / "draw.json").write_text(json.dumps(drawn, indent=2) + "\n", encoding="utf-8")
    return draw


def read_frame(folder: Path) -> pd.DataFrame:
    """Read frame.csv: `person_id, municipality, sex, age_group, target_group`, codes of any kind, none missing."""
    table = read_plain(folder, FRAME_FILE, ["person_id"], optional=lambda name: name in FRAME or name in _ALSO_CALLED)
    frame = table.rename(columns={name: word for name, word in _ALSO_CALLED.items() if word not in table})
    absent = [column for column in FRAME if column not in frame]
    if absent:
        raise ColumnIsMissing(
            f"Column {', '.join(absent)} is missing.",
            where=FRAME_FILE,
            next_step=f"The file needs the columns {', '.join(FRAME)}.",
        )
    require_values(frame, FRAME, FRAME_FILE)
    return frame[FRAME].apply(natural)


def read_sizes(folder: Path) -> pd.Series:
    """Read sizes.csv: persons to draw (`n`) per `municipality`."""
    table = read_plain(folder, SIZES_FILE, ["municipality", "n"])
    require_values(table, ["municipality"], SIZES_FILE)
    numbers(table, "n", SIZES_FILE)
    whole = (table["n"] == np.floor(table["n"])).all()
    values = table["n"].astype(np.int64) if whole else table["n"]
    return pd.Series(values.to_numpy(), index=pd.Index(natural(table["municipality"])), name="n")
