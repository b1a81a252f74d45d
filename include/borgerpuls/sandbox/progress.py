"""
What the person at the terminal sees while the sandbox works: one line per step, and how long each took.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table


class Steps:
    """
    The steps of one command, timed.

    Args:
        console: Where they are shown.
        processor_seconds: Tells how much processor time has been used so far; grows.
    """

    def __init__(self, console: Console, processor_seconds: Callable[[], float] = time.process_time) -> None:
        self.console = console
        self._processor_seconds = processor_seconds
        self._seconds: list[tuple[str, float, float]] = []

    @contextmanager
    def step(self, title: str) -> Iterator["Step"]:
        """Show *title* while the step runs, and its line when it has ended."""
        started, used_before = time.monotonic(), self._processor_seconds()
        if not self.console.is_terminal:
            self.console.print(f"[dim]…[/dim] {title}", highlight=False)
        with self.console.status(f"[bold]{title}[/bold]") as status:
            step = Step(title, status.update)
            yield step
        seconds = time.monotonic() - started
        self._seconds.append((title, seconds, max(0.0, self._processor_seconds() - used_before)))
        self.console.print(
            f"[green]✓[/green] [bold]{title}[/bold] [dim]{seconds:.1f} s[/dim]  {step.outcome}", highlight=False
        )

    def times(self) -> Table:
        """Return the seconds of every step and the processor seconds in them (two cores have two a second), and their sums."""
        table = Table(title="Time per stage", title_justify="left", box=None, pad_edge=False)
        table.add_column("Stage")
        table.add_column("Seconds", justify="right")
        table.add_column("Processor", justify="right")
        for title, *measured in self._seconds:
            table.add_row(title, *(f"{seconds:.1f}" for seconds in measured))
        sums = (sum(column) for column in zip(*(measured for _, *measured in self._seconds), strict=True))
        table.add_row("[bold]In all[/bold]", *(f"[bold]{total:.1f}[/bold]" for total in sums))
        return table


class Step:
    """A step that runs: says what it is doing, and at the end what came of it."""

    def __init__(self, title: str, show: Callable[[str], None]) -> None:
        self.outcome = ""
        self._title = title
        self._show = show

    def say(self, what: str) -> None:
        """Show what is being done now."""
        self._show(f"[bold]{self._title}[/bold]  {what}")
