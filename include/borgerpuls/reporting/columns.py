"""
Blocks of text set into pages of two columns.
"""

from collections.abc import Sequence
from typing import TypeVar

Block = TypeVar("Block")


def in_columns(blocks: Sequence[tuple[Block, float]], room: float) -> list[list[list[Block]]]:
    """Return blocks set into pages of two columns, each column at most *room* mm high, in order; each has its height."""
    columns: list[list[Block]] = []
    used = 0.0
    for block, height in blocks:
        if not columns or (columns[-1] and used + height > room):
            columns.append([])
            used = 0.0
        columns[-1].append(block)
        used += height
    return [columns[place : place + 2] for place in range(0, len(columns), 2)]
