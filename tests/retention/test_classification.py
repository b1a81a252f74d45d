"""
Every column of every table is named here as destroyed, coarse or kept: nobody can add one in silence.

A new column is red here until somebody has decided what becomes of it when a round is forgotten (docs/retention.md).
"""

from typing import Any

from lived_round import owner
from sqlalchemy import text

from borgerpuls.database import engine, load_query, transaction
from borgerpuls.retention.words import WHAT
from borgerpuls.sandbox.postgres import EmbeddedPostgres

DESTROYED = {
    "answers.answer": "response_id item_id choices",
    "answers.form": "response_id round_id municipality_code target_group subgroup questionnaire_version language state revision "
    "page_id started_date last_saved_date completed_date duration_seconds page_count device_class receipt_hash blank_starts",
    "answers.open_answer": "response_id item_id answer_text",
    "answers.page_save": "response_id idempotency_key page_id",
    "fieldwork.arm": "round_id person_id arm",
    "fieldwork.message": "round_id person_id wave slot municipality_code message_id transaction_id due_date channel state reason "
    "attempt unsent_attempt lease_until lease_owner sent_at accepted_at final_at in_doubt_since",
    "fieldwork.opt_out": "round_id person_id reason known_at",
    "fieldwork.receipt": "receipt_id message_id status reason occurred_at is_known",
    "frame.row_error": "round_id municipality_code row_number column_name expectation message",
    "frame.spell": "round_id municipality_code row_number person_id sex age_years benefit_code visitation_code lab_code "
    "spell_start_date spell_end_date support_start_date is_deceased_or_emigrated language has_mobile local_1 local_2 local_3 "
    "subgroup target_group support_days is_eligible ineligibility_reason",
    "identity.citizen": "round_id person_id municipality_code cpr cpr_lookup name mobile address is_address_protected",
    "identity.extract_file": "round_id municipality_code file_sha256 content destroy_after_date",
    "identity.quarantined_row": "round_id municipality_code row_number content destroy_after_date",
    "link.access": "round_id response_id token_hash code_hash",
    "link.staff_code": "code_hash response_id is_used",
    "link.wrong_try": "address_hash tried_at",
    "responses.open_answer": "round_id response_id item_id scrubbed_text removed_count",
    "responses.open_answer_decision": "decision_number round_id response_id item_id text_sha256 decision decided_by decided_at",
    "responses.release": "round_id response_id revision released_by reason",
}
"""Tables of which no row of a round stays."""

COARSE = {
    "fieldwork.audit": "person_id note",
    "frame.person": "person_id age_years benefit_code spell_start_date spell_end_date language local_1 local_2 local_3",
    "responses.answer": "response_id",
    "responses.disposition": "person_id",
    "responses.response": "response_id page_count device_class revision batch_number completeness is_quarantined",
    "sampling.sample": "person_id",
    "weighting.weight": "response_id",
}
"""Columns that are emptied, made coarse or numbered anew, of tables whose rows stay."""

KEPT_OF_ONE = {
    "fieldwork.audit": "audit_id round_id happened_at operator action",
    "fieldwork.no_contact": "cpr_lookup known_date",
    "frame.person": "round_id municipality_code sex age_group subgroup target_group has_mobile",
    "responses.answer": "round_id item_id outcome score choices",
    "responses.disposition": "round_id disposition",
    "responses.kept_open_answer": "round_id municipality_code item_id text",
    "responses.response": "round_id municipality_code sex age_group subgroup target_group status duration_group local_1 local_2 "
    "local_3 quarantine_reason is_late started_date submitted_date duration_minutes",
    "sampling.sample": "round_id municipality_code stratum_id selection_probability",
    "weighting.weight": "round_id cell_id weight",
}
"""Columns with something of one citizen that stay, as docs/retention.md says and why."""

KEPT_OF_MANY = {
    "estimation.alarm": "round_id municipality_code item_id measure previous_period previous_value value difference p_value "
    "false_alarm_rate watched_n sentence",
    "estimation.figure": "figure_id round_id municipality_code item_id measure category domain domain_group valid_n dont_know_n "
    "not_asked_n broken_off_n weighted_base value standard_error degrees_of_freedom lower upper no_interval_reason "
    "difference_to_all difference_to_all_se difference_to_rest difference_to_rest_se difference_to_rest_p is_different_from_rest "
    "difference_to_previous difference_to_previous_se difference_to_previous_p is_different_from_previous is_uncertain "
    "is_suppressed suppression_reason snapshot_id code_version",
    "estimation.imported_figure": "source_id municipality_code item_id measure category domain domain_group value standard_error "
    "degrees_of_freedom lower upper valid_n",
    "estimation.merged_cell": "round_id municipality_code cell_number description merged_n",
    "estimation.notice": "round_id municipality_code item_id domain code sentence",
    "estimation.source": "source_id kind period period_name title participants municipality_codes codebook_version "
    "questionnaire_version consent candidate_n imported_at",
    "estimation.stopped_report": "round_id municipality_code sentence",
    "estimation.suppression": "round_id municipality_code item_id domain domain_group reason",
    "estimation.trend_point": "round_id municipality_code item_id measure domain domain_group period period_name kind source "
    "source_title value lower upper valid_n is_uncertain is_suppressed is_break_before break_reason",
    "fieldwork.broken_receipt": "gateway position content_sha256 problem",
    "fieldwork.design": "round_id sms_share",
    "fieldwork.dry_run": "round_id content_hash counts",
    "fieldwork.message_count": "round_id municipality_code wave slot channel planned sent accepted delivered failed cancelled "
    "unknown no_receipt waiting awaiting_receipt",
    "fieldwork.municipality_text": "round_id municipality_code sender_name sms_sender contact_name contact_phone contact_email "
    "contact_hours dpo_contact local_paragraph logo_url",
    "fieldwork.preview": "round_id municipality_code occasion wave channel subject body sms_part_count",
    "fieldwork.receipt_cursor": "gateway position",
    "frame.expectation_result": "round_id suite expectation column_name is_met checked_count unexpected_count",
    "frame.extract": "round_id municipality_code outcome outcome_text file_sha256 encoding delimiter source_system row_count "
    "eligible_count ineligible_count quarantined_count",
    "public.schema_version": "version_num",
    "publication.artefact": "round_id municipality_code kind file_name file_sha256 published_at version state snapshot_id "
    "brought_by withdrawn_by",
    "publication.change": "decision_id municipality_code figure_id state_before state_after value_before value_after "
    "valid_n_before valid_n_after",
    "publication.decision": "decision_id round_id municipality_code act decided_by reason decided_at",
    "reporting.artefact": "round_id municipality_code kind file_name file_sha256 page_count snapshot_id byte_count figures_hash",
    "reporting.municipality_greeting": "round_id municipality_code greeting logo",
    "responses.batch": "round_id batch_number collected_count quarantined_count",
    "responses.expectation_result": "round_id suite expectation column_name is_met checked_count unexpected_count",
    "responses.snapshot": "round_id snapshot_id response_count complete_count partial_count sampled_count",
    "retention.destruction": "destruction_id round_id municipality_code rule what destroyed_n due_date begun_at completed_at "
    "run_id",
    "rounds.approval": "round_id content_hash opened_by approved_by approved_at",
    "rounds.approved_content": "round_id content_hash municipality_code municipality_hash",
    "rounds.clock": "only_row simulated_at",
    "rounds.local_item": "round_id municipality_code definition",
    "rounds.municipality": "round_id municipality_code municipality_name",
    "rounds.opening": "round_id run_id opened_by opened_at plan",
    "rounds.round": "round_id name state is_paused pause_reason opened_by opened_at reference_start_date reference_end_date "
    "key_date invitation_date reminder_1_date reminder_2_date close_date codebook_version questionnaire_version sample_rule "
    "channels seed forgotten_at",
    "sampling.allocation": "round_id municipality_code stratum_id sex age_group population_n allocated_n",
    "sampling.balance": "round_id municipality_code target_group population_n sampled_n population_share sample_share",
    "sampling.draw": "round_id seed frame_hash sample_hash population_n sampled_n",
    "weighting.collapse": "round_id step municipality_code merged_cells reason",
    "weighting.diagnostic": "round_id municipality_code respondent_n population_n weight_sum design_effect effective_n",
    "weighting.population_cell": "round_id municipality_code sex age_group target_group population_n respondent_n cell_id",
}
"""Columns with nothing of a single citizen: plans, texts, counts, figures, and what staff did."""
KEPT_OF_MANY["publication.figure"] = KEPT_OF_MANY["estimation.figure"]

WORDS = ("answers.open_answer.answer_text", "responses.open_answer.scrubbed_text", "fieldwork.audit.note")
"""Columns with the words of a citizen, or of staff about one, that are destroyed or emptied."""


def in_schema() -> dict[str, set[str]]:
    rows = owner(
        "SELECT table_schema || '.' || table_name, column_name FROM information_schema.columns "
        "JOIN information_schema.tables USING (table_schema, table_name) "
        "WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')"
    )
    found: dict[str, set[str]] = {}
    for table, column in rows:
        found.setdefault(table, set()).add(column)
    return found


def test_every_column_of_every_table_is_classified_once(round_database: EmbeddedPostgres) -> None:
    named: dict[str, list[str]] = {}
    for kind in (DESTROYED, COARSE, KEPT_OF_ONE, KEPT_OF_MANY):
        for table, columns in kind.items():
            named.setdefault(table, []).extend(columns.split())
    assert all(len(columns) == len(set(columns)) for columns in named.values()), "a column is named twice"
    assert {table: set(columns) for table, columns in named.items()} == in_schema()


def test_what_is_destroyed_or_coarse_has_its_words_in_the_register() -> None:
    by_cascade = {"responses.answer", "weighting.weight"}  # their numbers follow responses.response
    assert (DESTROYED.keys() | COARSE.keys()) - by_cascade == {what for what in WHAT if "." in what}


def test_the_order_of_the_answers_does_not_tell_in_which_batch_they_came(round_database: EmbeddedPostgres) -> None:
    """In the order of the table each batch would be a run of rising numbers."""
    round_id = "2031-1"
    owner("INSERT INTO rounds.round (round_id, name, opened_by, opened_at, reference_start_date, reference_end_date, key_date, "
          "invitation_date, reminder_1_date, reminder_2_date, close_date, codebook_version, questionnaire_version, sample_rule, "
          "channels, seed) VALUES (:r, 'x', 'x', now(), '2031-01-01', '2031-01-02', '2031-01-03', '2031-01-04', '2031-01-05', "
          "'2031-01-06', '2031-01-07', '2023', '2023', '{}', '{}', 1)", r=round_id)  # fmt: skip
    for batch in range(1, 9):
        owner("INSERT INTO responses.response (round_id, response_id, revision, batch_number, municipality_code, sex, age_group, "
              "subgroup, target_group, completeness, started_date) SELECT :r, id, 1, :b, '0461', 'x', 'x', 'x', 'x', 'complete', "
              "'2031-01-04' FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, 200) ORDER BY 1) AS ids",
              r=round_id, b=batch)  # fmt: skip
    owner("INSERT INTO responses.answer (round_id, response_id, item_id, outcome) "
          "SELECT round_id, response_id, 'trust', 'valid' FROM responses.response WHERE round_id = :r", r=round_id)  # fmt: skip
    with transaction("retention") as connection:
        for query in ("make_answer_numbers", "index_answer_numbers", "go_by_key", "coarsen_responses"):
            connection.execute(load_query(f"retention/{query}.sql"), {"round_id": round_id})
    for table in ("responses.response", "responses.answer"):
        ids = [
            row[0] for row in owner(f"SELECT response_id FROM {table} WHERE round_id = :r ORDER BY ctid", r=round_id)
        ]
        assert len(ids) == 1600
        assert ids == sorted(ids), table


def test_the_planners_statistics_keep_no_words_of_a_citizen(round_database: EmbeddedPostgres) -> None:
    """ANALYZE keeps up to a hundred values of a column as they were written, and an empty table keeps its statistics."""
    for column in WORDS:
        table, _, name = column.rpartition(".")
        assert owner("SELECT attstattarget FROM pg_attribute WHERE attrelid = CAST(:t AS regclass) AND attname = :c",
                     t=table, c=name) == [(0,)], column  # fmt: skip
    owner("INSERT INTO fieldwork.audit (round_id, happened_at, operator, action, note) "
          "SELECT '2023-2', now(), 'drift', 'decide', 'fru Hemmelig ringede ' || n FROM generate_series(1, 300) n")  # fmt: skip
    with engine("database_admin_url").execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("ANALYZE fieldwork.audit"))
    kept: list[tuple[Any, ...]] = owner(
        "SELECT s::text FROM pg_stats s WHERE schemaname = 'fieldwork' AND tablename = 'audit'"
    )
    assert kept, "the other columns have theirs"
    assert not any("Hemmelig" in line for (line,) in kept)
