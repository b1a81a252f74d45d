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


# --- frame ------------------------------------------------------------------------------------------------------

# --- sampling ---------------------------------------------------------------------------------------------------

# --- fieldwork --------------------------------------------------------------------------------------------------

# --- questionnaire ----------------------------------------------------------------------------------------------

# --- responses --------------------------------------------------------------------------------------------------

# --- weighting --------------------------------------------------------------------------------------------------

# --- estimation -------------------------------------------------------------------------------------------------

# --- reporting --------------------------------------------------------------------------------------------------

# --- publication ------------------------------------------------------------------------------------------------

# --- sandbox ----------------------------------------------------------------------------------------------------
