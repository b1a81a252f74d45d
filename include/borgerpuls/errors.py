"""
What can be wrong, said so that the reader can act.

Every error is named as the fact it states and carries three things: what is wrong, where, and what to do next.
Never a person's data in a message. The sections below follow the stages of a round.
"""

from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

COPENHAGEN = ZoneInfo("Europe/Copenhagen")


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


class DatabaseIsAway(BorgerpulsError):
    """The database does not answer, or does not accept the login."""


class DatabaseIsNotReady(BorgerpulsError):
    """The database is not migrated to this version, or its login may not do what is asked."""


class ClockIsSimulated(BorgerpulsError):
    """The simulated clock is on while a real channel is configured."""


class UnknownCode(BorgerpulsError):
    """A code is in no codebook that is valid at the date."""


# --- rounds -----------------------------------------------------------------------------------------------------


class UnknownRound(BorgerpulsError):
    """No round has this id."""

    @classmethod
    def named(cls, round_id: str) -> Self:
        """Return the one sentence about it: operations read it in the DAGs and in the terminal, so it is Danish."""
        return cls(f"Ingen runde har id {round_id}.", next_step="Ret id'et, eller åbn runden med DAG'en rounds.")


class PlanIsRefused(BorgerpulsError):
    """A round's plan cannot be carried out; the message has every reason."""


class RoundIsAlreadyOpen(BorgerpulsError):
    """Another plan is open under this round's id."""


# --- frame ------------------------------------------------------------------------------------------------------


class ExtractIsRefused(BorgerpulsError):
    """A municipality's file cannot be read as an extract; the Danish reason is kept with the round."""


class MunicipalityIsNotInRound(BorgerpulsError):
    """A municipality does not take part in the round."""

    @classmethod
    def named(cls, municipality_code: str, round_id: str) -> Self:
        """Return the one sentence about it, Danish as that about an unknown round."""
        return cls(
            f"Kommune {municipality_code} deltager ikke i runden.",
            where=f"Runde {round_id}",
            next_step="Brug koden på en af rundens kommuner, fx 0461.",
        )


class RoundIsForgotten(BorgerpulsError):
    """The round's key is destroyed; its people can no longer be read."""

    @classmethod
    def since(cls, round_id: str, forgotten_at: datetime) -> Self:
        """Return the one sentence about it, Danish as that about an unknown round."""
        return cls(
            f"Runden blev glemt den {forgotten_at.astimezone(COPENHAGEN):%d-%m-%Y}: dens nøgle og alt, der kunne føre til en borger, er destrueret.",
            where=f"Runde {round_id}",
            next_step=f"Det kan ikke gøres om. Se `borgerpuls retention show {round_id}`.",
        )


class RoundKeyIsMissing(BorgerpulsError):
    """The key of a round that is not forgotten is not where it should be."""

    @classmethod
    def named(cls, round_id: str) -> Self:
        """Return the one sentence about it, Danish as that about an unknown round."""
        return cls(
            "Rundens nøgle findes ikke.",
            where=f"Runde {round_id}",
            next_step="Se efter, at BORGERPULS_ROUND_KEY_FOLDER er den samme disk hos alle, eller hent nøglen fra kopien.",
        )

    @classmethod
    def of_what_was_sent(cls, round_id: str) -> Self:
        """Return the sentence about a round that is opened anew, and of which the journal has letters that were sent."""
        return cls(
            "Der er før sendt beskeder i en runde med dette id, og dens nøgle findes ikke. Med en ny nøgle fik alle dem igen.",
            where=f"Runde {round_id}",
            next_step="Hent nøglen fra kopien, eller åbn runden med et andet id.",
        )


class ExtractIsGone(BorgerpulsError):
    """An extract that was imported has been deleted on schedule and cannot be read again."""


class FrameIsFixed(BorgerpulsError):
    """The round is approved, and another extract would change the population under it."""


class ExpectationDidNotRun(BorgerpulsError):
    """An expectation could not be checked, so that nobody knows whether the rows hold."""


class RowsAreLost(BorgerpulsError):
    """The rows of a file are not all eligible, ineligible with a reason, or in quarantine."""


class FrameIsEmpty(BorgerpulsError):
    """No municipality of a round has an eligible person."""


# --- sampling ---------------------------------------------------------------------------------------------------


class SampleSizeIsImpossible(BorgerpulsError):
    """A municipality's configured size is not a whole number of persons, or is missing."""


class PrecisionIsImpossible(BorgerpulsError):
    """A precision target, an expected response or a limit lies outside its range."""


class TotalIsOutOfReach(BorgerpulsError):
    """The total sample asked for cannot be spread over the municipalities."""


class PersonAppearsTwice(BorgerpulsError):
    """A person is in the frame more than once."""


class FrameHasChanged(BorgerpulsError):
    """The frame is not the one that the sample was drawn from."""


class SampleIsApproved(BorgerpulsError):
    """Messages are planned for another sample than the one that would be drawn."""


# --- fieldwork --------------------------------------------------------------------------------------------------


class ApproverOpenedTheRound(BorgerpulsError):
    """The person who opened a round cannot approve it."""


class ContentHasChanged(BorgerpulsError):
    """Sample, texts or dates are no longer those that were shown or approved."""


class NothingToApprove(BorgerpulsError):
    """A round has no dry run to approve, or its letters could not all be made."""


class RoundIsNotOpen(BorgerpulsError):
    """A round is stopped, closed or published: nothing more is planned or approved in it."""


class RoundWasRestored(BorgerpulsError):
    """The journal knows of messages that the database believes unsent: the database is older than the journal."""


class JournalIsUnwritable(BorgerpulsError):
    """The journal cannot be written; nothing is sent without it."""


class GatewayIsDown(BorgerpulsError):
    """A gateway has refused or not answered several times in a row; what was not sent is still planned."""


class GatewayRefusesUs(BorgerpulsError):
    """A gateway does not accept our credentials or address."""


class FieldworkNeedsAttention(BorgerpulsError):
    """Messages are in doubt, bounce or stand still; the message names the runbook of each."""


class ReceiptIsForged(BorgerpulsError):
    """Receipts do not carry the seal made with the shared secret."""


class ReceiptIsUnreadable(BorgerpulsError):
    """A receipt is not of the form that its gateway promises."""


class MessageIsMalformed(BorgerpulsError):
    """A message breaks a rule of its format; the rule is named, never the recipient."""


class MunicipalityTextIsUnusable(BorgerpulsError):
    """A municipality's own words are too long, empty or hold characters that cannot be sent."""


class RoundHasNoArms(BorgerpulsError):
    """No lots were drawn about the reminders' SMS."""


class CitizenIsUnknown(BorgerpulsError):
    """No sampled person has this CPR number."""


# --- questionnaire ----------------------------------------------------------------------------------------------


class UnknownQuestionnaire(BorgerpulsError):
    """No instrument has this version."""


class InstrumentIsUnreadable(BorgerpulsError):
    """A part of an instrument's file is missing, misspelt or of the wrong kind."""


class InstrumentIsIncomplete(BorgerpulsError):
    """A text, a language or a way to an item is missing."""


class ItemAppearsTwice(BorgerpulsError):
    """An id of a page, an item or an option is used twice."""


class ScaleIsUnknown(BorgerpulsError):
    """An item names a scale that its instrument does not define."""


class TenseIsMissing(BorgerpulsError):
    """A wording has one tense without the other."""


class RoutingLooksAhead(BorgerpulsError):
    """A condition needs an answer that has not been given when the item's turn comes."""


class RoutingRunsInCircles(BorgerpulsError):
    """Conditions of an instrument need each other."""


class AnswerIsImpossible(BorgerpulsError):
    """An answer is to an item that was not asked, or holds a code or a combination that its item does not have."""


class FormIsNotOpen(BorgerpulsError):
    """A form cannot be answered: unknown, already answered, deleted, or its round is closed."""


# --- responses --------------------------------------------------------------------------------------------------


class PropensityIsNotEstimable(BorgerpulsError):
    """A response model cannot be fitted: no contrast between answers and none, or variables that repeat each other."""


class SnapshotChanged(BorgerpulsError):
    """The answers of a frozen round are not those of its snapshot."""


class RoundIsStillOpen(BorgerpulsError):
    """A round cannot be frozen before its last day is over."""


class OpenAnswerIsUnknown(BorgerpulsError):
    """No open answer of the round has this reference."""


class DispositionsDoNotSum(BorgerpulsError):
    """The outcomes of a round are not exactly one per sampled person."""


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


class WeightsDoNotAddUp(BorgerpulsError):
    """The weights of a cell do not sum to its population."""


# --- estimation -------------------------------------------------------------------------------------------------


class AnswerAppearsTwice(BorgerpulsError):
    """An answer's id occurs more than once in a round."""


class CodeIsOutOfRange(BorgerpulsError):
    """A code lies outside the codes of its column."""


class NothingToEstimate(BorgerpulsError):
    """A table of answers has no item."""


class FiguresDoNotAddUp(BorgerpulsError):
    """A figure contradicts another one."""


class CellCanBeDerived(BorgerpulsError):
    """A withheld count follows from what would be published."""


class UnknownFigure(BorgerpulsError):
    """No figure has this id."""


class NotificationFailed(BorgerpulsError):
    """Operations could not be told of an alarm."""


class ImportedFigureIsWrong(BorgerpulsError):
    """Figures to be imported are incomplete, impossible, unprotected or about something unknown."""


class ReferenceIsNotAnonymous(BorgerpulsError):
    """A reference municipality has not agreed, or could be recognised."""


# --- reporting --------------------------------------------------------------------------------------------------

# --- publication ------------------------------------------------------------------------------------------------


class RoundHasNoFigures(BorgerpulsError):
    """A report was asked for before its round was estimated."""


class ReportIsMissing(BorgerpulsError):
    """A registered report is gone, or is not the file that was drawn."""


class LogoIsUnusable(BorgerpulsError):
    """A logo is too large, or is no picture of pixels."""


class GreetingIsTooLong(BorgerpulsError):
    """A municipality's greeting has more letters than the first page of its report has room for."""


class NotAReport(BorgerpulsError):
    """A file is no PDF of ours: its numbers cannot be proven."""


class ReportIsStale(BorgerpulsError):
    """A report was drawn from other figures than those that would be published with it."""


class CorrectionNeedsReason(BorgerpulsError):
    """What is drawn differs from what is published, and nobody has said why."""


class NothingIsPublished(BorgerpulsError):
    """A correction or retraction of something that is not published."""


class UnknownArtefact(BorgerpulsError):
    """No published artefact, current or withdrawn, has this hash."""


# --- retention --------------------------------------------------------------------------------------------------


class RoundIsNotDue(BorgerpulsError):
    """The day on which a round is forgotten has not come."""


class RetentionNeedsAttention(BorgerpulsError):
    """A round is soon forgotten and is not published, or should be forgotten and is not; the message names its runbook."""


# --- sandbox ----------------------------------------------------------------------------------------------------


class SampleIsOfAnotherCountry(BorgerpulsError):
    """Sampled persons are not citizens of the sandbox country."""


class SandboxFolderIsInInbox(BorgerpulsError):
    """The sandbox's own files would lie among the municipalities' extracts."""


class SandboxDatabaseDidNotStart(BorgerpulsError):
    """The embedded PostgreSQL could not be made or started."""


class DrillIsUnknown(BorgerpulsError):
    """No fault drill has this code."""


class ServiceDidNotStart(BorgerpulsError):
    """A service of the sandbox ended or did not become healthy in time."""


class SandboxIsBusy(BorgerpulsError):
    """Another command is starting, stopping or running the same sandbox."""


class AirflowRefused(BorgerpulsError):
    """Airflow's REST API answered a request with an error."""


class DagRunFailed(BorgerpulsError):
    """A DAG run ended as failed, or did not end in time."""


class QuestionnaireRefused(BorgerpulsError):
    """The questionnaire answered a sandbox citizen with something else than the next page."""


# --- files that are given to a command --------------------------------------------------------------------------


class FileIsUnusable(BorgerpulsError):
    """A file or folder that was given cannot be read, written or made."""


class FileIsMissing(BorgerpulsError):
    """A file that the command reads is not in the folder."""


class ColumnIsMissing(BorgerpulsError):
    """A table lacks a column that the command reads."""


class ValueIsUnreadable(BorgerpulsError):
    """A value in a table is not of the kind its column holds."""
