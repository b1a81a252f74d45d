"""
Numbers as Danish readers write them: decimal comma, full stop in thousands, a real minus, no-break spaces.

Every number is rounded once, half up, from the unrounded value.
"""

from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from borgerpuls.reporting.cited import marked

NO_BREAK_SPACE = "\u00a0"
MINUS = "\u2212"
EN_DASH = "\u2013"

SMALLEST_WRITTEN_SHARE = 0.055
"""A part of a bar that is smaller has no room for its number: the rule of report and deck, stated in both."""

_MONTHS = (
    *("januar", "februar", "marts", "april", "maj", "juni"),
    *("juli", "august", "september", "oktober", "november", "december"),
)
_DANISH = str.maketrans(",.", ".,")
_WORDS = ("nul", "én", "to", "tre", "fire", "fem", "seks", "syv", "otte", "ni", "ti", "elleve", "tolv")


def rounded(value: float, decimals: int = 0) -> Decimal:
    """Return *value* rounded half up to *decimals*; 3.525 gives 3.53, as a reader expects."""
    exact = Decimal(repr(float(value)))
    result = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return abs(result) if result == 0 else result


def decimal_text(value: float, decimals: int) -> str:
    """Return *value* with decimal comma and thousands: 64085.25 → "64.085,3" at one decimal."""
    return marked(value, _danish(rounded(value, decimals), decimals), f"d{decimals}")


def score(value: float) -> str:
    """Return a mean on the scale 1 to 5 with two decimals: "4,11"."""
    return decimal_text(value, 2)


def count(value: float) -> str:
    """Return a number of persons: "8.613"."""
    return decimal_text(value, 0)


def base(value: float) -> str:
    """Return the number of answers behind a figure: "n = 369", with spaces that do not break."""
    return f"n{NO_BREAK_SPACE}={NO_BREAK_SPACE}{count(value)}"


def whole_percent(share: float) -> str:
    """Return a share 0 to 1 as a whole percentage without its sign: "32"."""
    return _percent(share, 0)


def percent(share: float, decimals: int = 1) -> str:
    """Return a share 0 to 1 as "36,5 %"."""
    return f"{_percent(share, decimals)}{NO_BREAK_SPACE}%"


def percent_number(share: float, decimals: int = 1) -> str:
    """Return a share 0 to 1 as "36,5", for columns whose head has the sign."""
    return _percent(share, decimals)


def difference(value: float, decimals: int = 2) -> str:
    """Return a difference with its sign: "+0,29", "−0,12", and "0,00" when it rounds to nothing."""
    number = rounded(value, decimals)
    return marked(value, f"{'+' if number > 0 else ''}{_danish(number, decimals)}", f"s{decimals}")


def interval(lower: float, upper: float) -> str:
    """Return a range of scores: "3,99–4,23"."""
    return f"{score(lower)}{EN_DASH}{score(upper)}"


def day(value: date) -> str:
    """Return a date: "18. september 2023"."""
    return f"{value.day}.{NO_BREAK_SPACE}{_MONTHS[value.month - 1]} {value.year}"


def period(round_id: str) -> str:
    """Return what a round is called: "2. halvår 2023"."""
    year, half = round_id.split("-")
    return f"{half}. halvår {year}"


def word(value: int) -> str:
    """Return a small number as a word ("seks"), a larger one as figures."""
    return _WORDS[value] if 0 <= value < len(_WORDS) else count(value)


def enumeration(parts: list[str]) -> str:
    """Return "a, b og c"."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} og {parts[-1]}"


def _percent(share: float, decimals: int) -> str:
    hundredfold = Decimal(repr(float(share))) * 100
    number = hundredfold.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return marked(share, _danish(number, decimals), f"p{decimals}")


def in_form(value: float, form: str) -> str:
    """Return *value* in a form named by a citation: "d2" decimals, "p1" per cent, "s2" with its sign."""
    kinds: dict[str, Callable[[float, int], str]] = {"d": decimal_text, "p": percent_number, "s": difference}
    return kinds[form[0]](value, int(form[1:]))


def _danish(number: Decimal, decimals: int) -> str:
    text = f"{abs(number):,.{decimals}f}".translate(_DANISH)
    return f"{MINUS if number < 0 else ''}{text}"
