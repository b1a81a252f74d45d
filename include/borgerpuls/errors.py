"""
What can be wrong, said so that the reader can act.

Every error is named as the fact it states and carries three things: what is wrong, where, and what to do next.
Never a person's data in a message. The sections below follow the stages of a round.
"""


class BorgerpulsError(Exception):
    """A fact that stops a stage: *what* is wrong, *where* it is, and what to do *next*."""

    def __init__(self, what: str, *, where: str = "", next_step: str = "") -> None:
        self.what = what
        self.where = where
        self.next_step = next_step
        super().__init__(" ".join(part for part in (f"{where}:" if where else "", what, next_step) if part))


# --- settings, database, clock, codebooks ---------------------------------------------------------------------


class SettingIsMissing(BorgerpulsError):
    """A setting that this command needs is not set."""


class ClockIsSimulated(BorgerpulsError):
    """The simulated clock is on while a real channel is configured."""


class UnknownCode(BorgerpulsError):
    """A code is in no codebook that is valid at the date."""


# --- rounds -----------------------------------------------------------------------------------------------------


class UnknownRound(BorgerpulsError):
    """No round has this id."""


class PlanIsRefused(BorgerpulsError):
    """A round's plan cannot be carried out; the message has every reason."""


class RoundIsAlreadyOpen(BorgerpulsError):
    """Another plan is open under this round's id."""


# --- frame ------------------------------------------------------------------------------------------------------

# --- sampling ---------------------------------------------------------------------------------------------------


class SampleSizeIsImpossible(BorgerpulsError):
    """A municipality's configured size is not a whole number of persons, or is missing."""


class PrecisionIsImpossible(BorgerpulsError):
    """A precision target, an expected response or a limit lies outside its range."""


class TotalIsOutOfReach(BorgerpulsError):
    """The total sample asked for cannot be spread over the municipalities."""


class PersonAppearsTwice(BorgerpulsError):
    """A person is in the frame more than once."""


# --- fieldwork --------------------------------------------------------------------------------------------------

# --- questionnaire ----------------------------------------------------------------------------------------------

# --- responses --------------------------------------------------------------------------------------------------

# --- weighting --------------------------------------------------------------------------------------------------


class PopulationIsNotACount(BorgerpulsError):
    """A population total is negative, fractional or not a number."""


class CellAppearsTwice(BorgerpulsError):
    """A population cell is given more than once."""


class CellIsMissing(BorgerpulsError):
    """Answers lie in a cell that the population table does not have."""


class MoreAnswersThanPeople(BorgerpulsError):
    """A cell has more answers than persons."""


class CollapseOrderIsIncomplete(BorgerpulsError):
    """The collapse order does not name every target group exactly once."""


class RoundHasNoAnswers(BorgerpulsError):
    """No municipality of a round has an answer."""


class MarginMismatch(BorgerpulsError):
    """A category has respondents but no total, or the reverse, or the margins differ in their sum."""


class RakingDidNotConverge(BorgerpulsError):
    """A margin is still away from its population total after the last pass."""


class TrimmingIsImpossible(BorgerpulsError):
    """No weights can respect the limits and keep their sum."""


# --- estimation -------------------------------------------------------------------------------------------------


class AnswerAppearsTwice(BorgerpulsError):
    """An answer's id occurs more than once in a round."""


class CodeIsOutOfRange(BorgerpulsError):
    """A code lies outside the codes of its column."""


class NothingToEstimate(BorgerpulsError):
    """A table of answers has no item."""


# --- reporting --------------------------------------------------------------------------------------------------

# --- publication ------------------------------------------------------------------------------------------------

# --- sandbox ----------------------------------------------------------------------------------------------------


class SandboxDatabaseDidNotStart(BorgerpulsError):
    """The embedded PostgreSQL could not be made or started."""


# --- plain files --------------------------------------------------------------------------------------------------


class FileIsMissing(BorgerpulsError):
    """A file that the command reads is not in the folder."""


class ColumnIsMissing(BorgerpulsError):
    """A table lacks a column that the command reads."""


class ValueIsUnreadable(BorgerpulsError):
    """A value in a table is not of the kind its column holds."""
