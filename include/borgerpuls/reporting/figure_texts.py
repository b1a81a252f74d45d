"""
Figures as they are printed, or a dash where there is no number to print.
"""

from borgerpuls.reporting import numbers
from borgerpuls.reporting.figures import (
    Figure,
)


def percent_text(figure: Figure | None, decimals: int = 1) -> str:
    """Return a share as it is printed, or a dash."""
    return numbers.EN_DASH if figure is None or figure.value is None else numbers.percent(figure.value, decimals)


def whole_percent_text(figure: Figure | None) -> str:
    """Return a share without decimals, or a dash."""
    return percent_text(figure, 0)


def decimal_text(figure: Figure | None, decimals: int) -> str:
    """Return a value as it is printed, or a dash."""
    return numbers.EN_DASH if figure is None or figure.value is None else numbers.decimal_text(figure.value, decimals)


def count_figure(figure: Figure | None) -> str:
    """Return a number of persons, or a dash."""
    return count_text(None if figure is None else figure.value)


def count_text(value: float | None) -> str:
    """Return a number of persons, or a dash."""
    return numbers.EN_DASH if value is None else numbers.count(value)


def interval_text(figure: Figure | None) -> str:
    """Return an interval, or a dash."""
    if figure is None or figure.lower is None or figure.upper is None:
        return numbers.EN_DASH
    return numbers.interval(figure.lower, figure.upper)


def percent_or_none(value: float | None) -> str | None:
    """Return a share without decimals, or None."""
    return None if value is None else numbers.percent(value)
