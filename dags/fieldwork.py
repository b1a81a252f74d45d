"""
### Write to the sampled people of the rounds in the field

A new sample → planned messages → dry run → approval by a second person. After that, at every run: what is due is sent.

**Reads** `sampling.sample`, `identity.citizen` (to address), `rounds.approval`. **Writes** `fieldwork.*`, `link.access`,
`answers.form` (empty forms), `rounds.approval`, and paper letters to an outbox (`docs/runbooks/letters.md`).
**Rerun** is safe: Airflow decides *when*, the message ledger in PostgreSQL decides *whether*; a second run finds nothing to
send. Marking the approval as success here approves nothing: sending reads only `rounds.approval`.
**Approve** in "Required Actions", at least five seconds after it appears, and never as the person who opened the round.
A request that nobody answers fails after thirty days. Where there are two for a round, the newest counts.
**`NothingToApprove`**: the message says what cannot be written; correct the text, clear from `plan_messages`.
**`ApproverOpenedTheRound`**: ask a colleague to approve: clear `describe` and the tasks after it.
**`ContentHasChanged`**: sample, texts or dates changed after the dry run; clear `prepare_dry_run` and the tasks after it.
**`RoundIsNotOpen`**: the round is stopped or over; nothing is planned or approved in it, open a new one.
**`RoundIsStillOpen`**: only after the last day have messages their end; run it again then.
**`GatewayIsDown`**, **`GatewayRefusesUs`**: what was not sent is still planned, and the next run sends it; see
`docs/runbooks/gateway-down.md`.
**`ReceiptIsForged`**: receipts without our seal are not read; check `BORGERPULS_GATEWAY_TOKEN` on both sides.
**`JournalIsUnwritable`**: nothing is sent without the journal; make room or mend the disk, then clear the task.
**`RoundWasRestored`**: the database is older than the journal and the round is paused: `docs/runbooks/restore.md`.
**`UnknownRound`**: no round has the id in the form; start the run again with the right one.
**`RoundIsForgotten`**: the round is over and its people are forgotten; the task has nothing to do any more, mark it as done.
**`RoundKeyIsMissing`**: every worker must see the one folder of the rounds' keys, and be able to write it; then clear the task.
**`FieldworkNeedsAttention`**: follow the runbook it names. Operations are told (`BORGERPULS_ALERT_WEBHOOK_URL`,
`BORGERPULS_ALERT_EMAIL`); the page "Beskeder" shows how far every municipality is.
**Unknown messages**: see `docs/runbooks/`; they are never sent again blindly.
"""

from datetime import timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import AssetOrTimeSchedule, Param, chain, dag, task, task_group
from pendulum import datetime

from borgerpuls.fieldwork import stage
from borgerpuls.orchestration import DEFAULT_ARGS, SAMPLE, rounds_of_run
from borgerpuls.rounds import stage as rounds_stage
from field_calendar import FieldHours
from operations_notifier import OperationsNotifier

APPROVAL_PATIENCE = timedelta(days=30)
"""After this an unanswered request fails and gives back its place among the runs; rounds open two weeks ahead."""


@dag(
    dag_display_name="4 · Fieldwork",
    schedule=AssetOrTimeSchedule(assets=[SAMPLE], timetable=FieldHours(minutes=15)),
    start_date=datetime(2026, 1, 1, tz="Europe/Copenhagen"),
    catchup=False,
    max_active_runs=8,
    default_args=DEFAULT_ARGS | {"on_failure_callback": OperationsNotifier()},
    params={"round_id": Param(None, type=["null", "string"], title="Runde, hvis breve skal planlægges i hånden")},
    tags=["borgerpuls", "fieldwork"],
    doc_md=__doc__,
)
def fieldwork():
    @task
    def find_new_samples(params, triggering_asset_events):
        """The rounds whose sample has just been drawn; none when the run is about sending."""
        return rounds_of_run(params, triggering_asset_events)

    @task_group
    def prepare(new_samples):
        """Plan, show and approve: nothing is sent without it."""

        @task(map_index_template="{{ round_id }}")
        def plan_messages(round_id):
            """Plan one message per person, wave and slot."""
            return stage.plan_messages(round_id)

        @task(map_index_template="{{ round_id }}")
        def prepare_dry_run(round_id):
            """Render the real letters for a sample, and count what would be sent."""
            return stage.prepare_dry_run(round_id)

        @task
        def describe(new_samples):
            """Say to the approver what is approved, and keep the hash of what was shown; nobody is asked twice."""
            return [
                {
                    "round_id": round_id,
                    "content_hash": stage.dry_run(round_id)[0],
                    "shown": stage.approval_text(round_id),
                }
                for round_id in new_samples
                if not stage.is_approved(round_id)
            ]

        described = describe(new_samples)
        approve = ApprovalOperator.partial(
            task_id="approve",
            map_index_template="{{ task.subject }}",
            retries=0,
            execution_timeout=None,  # the operator would take the hour of all other tasks for its own
            response_timeout=APPROVAL_PATIENCE,
        ).expand_kwargs(described.map(lambda request: request["shown"]))

        def answered(request_and_answer):
            """Bind the answer to the hash of the sample, texts and dates that were shown."""
            request, answer = request_and_answer
            approver = answer["responded_by_user"]["name"]
            return {key: request[key] for key in ("round_id", "content_hash")} | {"approved_by": approver}

        record_approval = task(stage.record_approval, map_index_template="{{ round_id }}")
        chain(
            plan_messages.expand(round_id=new_samples),
            prepare_dry_run.expand(round_id=new_samples),
            described,
            approve,
            record_approval.expand_kwargs(described.zip(approve.output).map(answered)),
        )

    @task(trigger_rule="none_failed")
    def find_due_messages(new_samples):
        """The municipalities with something due now, in the rounds that are approved and open."""
        return stage.municipalities_due()

    @task(map_index_template="{{ municipality_name }}")
    def send_due(round_id, municipality_code, municipality_name):
        """Claim and send what is due in one municipality."""
        return stage.send_due(round_id, municipality_code)

    @task(trigger_rule="all_done")
    def collect_receipts():
        """Take the gateways' receipts."""
        return {round_id: stage.collect_receipts(round_id) for round_id in rounds_stage.rounds_in_state("approved")}

    @task(trigger_rule="all_done")
    def finish_messages():
        """Give every message of a round that is over one of the four end states."""
        return {round_id: stage.finish_messages(round_id) for round_id in rounds_stage.rounds_in_state("closed")}

    @task(trigger_rule="all_done")
    def watch_messages():
        """Fail, and tell operations, when messages are in doubt, bounce or stand still."""
        return stage.watch_messages()

    new_samples = find_new_samples()
    prepare(new_samples)
    sent = send_due.expand_kwargs(find_due_messages(new_samples))
    received, finished, watched = collect_receipts(), finish_messages(), watch_messages()
    chain(sent, received, finished, watched)
    # Each of them runs whatever became of the one before; the run is well only when all of them were.
    [sent, received, finished, watched] >> EmptyOperator(task_id="all_went_well", trigger_rule="none_failed")


fieldwork()
