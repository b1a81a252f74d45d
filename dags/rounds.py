"""
### Open one survey round

The form (or the half-yearly plan) → checked plan → an open round.

**Reads** the form; empty dates follow the half-yearly standard. **Writes** `rounds.round`, `rounds.municipality`,
`rounds.opening`, and the round's key in `BORGERPULS_ROUND_KEY_FOLDER`.
**Rerun** is safe: the same plan opens the same round once; a second run with it is skipped and says so.
**A wrong plan** is replaced until somebody has approved it, also when the round was stopped: run again with the right one
and a cross at "Erstat planen". The stages after it run again, and the approver is asked anew.
**`PlanIsRefused`**: every reason is in the message, e.g. dates out of order or on a holiday; correct the form and run again.
**`RoundIsAlreadyOpen`**: another plan stands under this id; the message says whether it may be replaced.
**`RoundIsForgotten`**: the round is over and its people are forgotten; choose another id.
**Next**: the frame DAG starts by itself.
"""

from airflow.sdk import Param, dag, task
from pendulum import datetime

from borgerpuls.codebooks.municipalities import municipalities
from borgerpuls.orchestration import DEFAULT_ARGS, ROUND, skip
from borgerpuls.rounds import stage
from field_calendar import RoundOpenings
from operations_notifier import OperationsNotifier

MUNICIPALITIES = municipalities()
CODES = MUNICIPALITIES["municipality_code"].tolist()
NAMES = dict(zip(CODES, MUNICIPALITIES["name"], strict=True))


def _date(title: str) -> Param:
    return Param(
        None, type=["null", "string"], format="date", title=title, description="Tom: den halvårlige standard.",
        section="Datoer",
    )  # fmt: skip


@dag(
    dag_display_name="1 · Rounds",
    schedule=RoundOpenings(),
    start_date=datetime(2026, 1, 1, tz="Europe/Copenhagen"),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS | {"on_failure_callback": OperationsNotifier()},
    params={
        "round_id": Param(
            None, type=["null", "string"], pattern="^[0-9]{4}-[12]$", title="Rundens id",
            description="Fx 2026-2. Tom: den runde, der åbner nu.",
        ),
        "name": Param(None, type=["null", "string"], maxLength=80, title="Rundens navn"),
        "replace_plan": Param(
            False, type="boolean", title="Erstat planen",
            description="Kun til runden er godkendt: planen her skal gælde i stedet for den, der er åbnet under samme id.",
        ),
        "municipalities": Param(
            CODES, type="array", items={"type": "string", "enum": CODES}, examples=CODES, values_display=NAMES,
            uniqueItems=True, minItems=1, title="Kommuner",
        ),
        "questionnaire_version": Param(
            "2023",
            type="string",
            enum=["2023", "2024"],
            title="Spørgeskema",
            description="Skal høre til kodebogen.",
        ),
        "codebook_version": Param(
            "2023", type="string", enum=["2023", "2024"], title="Kodebog",
            values_display={"2023": "2023 (fire målgrupper)", "2024": "2024 (fem målgrupper)"},
        ),
        "reference_start_date": _date("Referencekvartalets start"),
        "reference_end_date": _date("Referencekvartalets slut"),
        "key_date": _date("Opgørelsesdato"),
        "invitation_date": _date("Invitation"),
        "reminder_1_date": _date("1. påmindelse"),
        "reminder_2_date": _date("2. påmindelse"),
        "close_date": _date("Sidste svardag"),
        "sample_rule": Param(
            "between", type="string", enum=["between", "precision", "sizes", "census"], title="Stikprøveregel",
            values_display={
                "between": "Mellem et mindste og et største antal, efter kommunens størrelse",
                "precision": "Efter ønsket sikkerhed",
                "sizes": "Fast antal for hver kommune",
                "census": "Alle",
            },
            section="Stikprøve",
        ),
        "sample_minimum": Param(1016, type="integer", minimum=1, title="Mindst pr. kommune", section="Stikprøve"),
        "sample_maximum": Param(2266, type="integer", minimum=1, title="Højst pr. kommune", section="Stikprøve"),
        "sample_total": Param(23119, type="integer", minimum=1, title="I alt", section="Stikprøve"),
        "sample_sizes": Param(
            None, type=["null", "object"], title="Antal pr. kommunekode", section="Stikprøve",
            description="Kun ved fast antal.",
        ),
        "margin": Param(
            0.05, type="number", exclusiveMinimum=0, exclusiveMaximum=1, title="Sikkerhedsmargen", section="Stikprøve"
        ),
        "expected_response": Param(
            0.40, type="number", exclusiveMinimum=0, maximum=1, title="Forventet svarandel", section="Stikprøve"
        ),
        "seed": Param(20231, type="integer", minimum=0, title="Frø til lodtrækningen", section="Stikprøve"),
        "channels": Param(
            ["digital_post", "sms"], type="array", items={"type": "string", "enum": ["digital_post", "sms", "letter"]},
            examples=["digital_post", "sms", "letter"], uniqueItems=True, title="Kanaler",
            values_display={"digital_post": "Digital Post", "sms": "SMS", "letter": "Brev"},
        ),
    },
    tags=["borgerpuls", "rounds"],
    doc_md=__doc__,
)  # fmt: skip
def rounds():
    @task
    def open_round(params, dag_run):
        """Check the plan and open the round; where it is open with this plan already, the task says so and is skipped."""
        opened_by = dag_run.triggering_user_name or stage.SCHEDULED_OPENER
        opening = stage.open_round(params, opened_by, dag_run.run_id)
        if not opening.is_news:
            skip(opening.said)
        return opening.round_id

    @task(outlets=[ROUND])
    def announce_round(round_id, outlet_events):
        """Tell the frame DAG that a round is open."""
        outlet_events[ROUND].extra = {"round_id": round_id}

    announce_round(open_round())


rounds()
