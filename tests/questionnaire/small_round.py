"""The people of a small round, and what was saved of them."""

import uuid

from sqlalchemy import text

from borgerpuls.database import engine, transaction
from borgerpuls.vault import vault

ROUND = "2023-2"


class Country:
    """The people of a small round: makes forms and looks at what was saved."""

    def __init__(self) -> None:
        self.round_id = ROUND
        self._made = 0

    def open_round(self, round_id: str = ROUND, version: str = "2023", state: str = "approved") -> None:
        vault().make_round_key(round_id)
        with transaction("rounds") as connection:
            connection.execute(
                text(
                    "INSERT INTO rounds.round (round_id, name, state, opened_by, opened_at, reference_start_date, "
                    "reference_end_date, key_date, invitation_date, reminder_1_date, reminder_2_date, close_date, "
                    "codebook_version, questionnaire_version, sample_rule, channels, seed) VALUES (:round_id, 'Prøve', "
                    ":state, 'aase', '2023-08-01 08:00+02', '2023-04-01', '2023-06-30', '2023-08-01', '2023-08-22', "
                    "'2023-08-29', '2023-09-05', '2023-09-18', '2023', :version, '{}', '{digital_post}', 1)"
                ),
                {"round_id": round_id, "version": version, "state": state},
            )
            connection.execute(
                text("INSERT INTO rounds.municipality VALUES (:r, '0461', 'Odense'), (:r, '0707', 'Norddjurs')"),
                {"r": round_id},
            )

    def add_form(
        self,
        target_group: str = "dagpenge",
        subgroup: str | None = None,
        municipality_code: str = "0461",
        round_id: str = ROUND,
        version: str = "2023",
    ) -> "Citizen":
        self._made += 1
        person = uuid.UUID(int=self._made, version=4)
        key = vault().round_key(round_id)
        response = key.response_id(person)
        citizen = Citizen(person, response, key.link_token(person), key.typed_code(person))
        with transaction("fieldwork") as connection:
            connection.execute(
                text(
                    "INSERT INTO link.access (round_id, response_id, token_hash, code_hash) VALUES (:round, :response, :token, :code)"
                ),
                {
                    "round": round_id,
                    "response": response,
                    "token": vault().access_hash(citizen.token),
                    "code": vault().access_hash(citizen.code),
                },
            )
            connection.execute(
                text(
                    "INSERT INTO answers.form (response_id, round_id, municipality_code, target_group, subgroup, "
                    "questionnaire_version) VALUES (:response, :round, :municipality, :group, :subgroup, :version)"
                ),
                {
                    "response": response,
                    "round": round_id,
                    "municipality": municipality_code,
                    "group": target_group,
                    "subgroup": subgroup or target_group,
                    "version": version,
                },
            )
        return citizen


class Citizen:
    def __init__(self, person_id: uuid.UUID, response_id: uuid.UUID, token: str, code: str) -> None:
        self.person_id = person_id
        self.response_id = response_id
        self.token = token
        self.code = code


def saved(response_id: uuid.UUID) -> dict[str, object]:
    """Everything the answers schema holds of one form."""
    with engine("questionnaire_database_url").begin() as connection:
        connection.execute(text("SET LOCAL ROLE borgerpuls_questionnaire"))
        form = connection.execute(text("SELECT * FROM answers.form WHERE response_id = :r"), {"r": response_id})
        answers = connection.execute(
            text("SELECT item_id, choices FROM answers.answer WHERE response_id = :r ORDER BY 1"), {"r": response_id}
        )
        texts = connection.execute(
            text("SELECT item_id, answer_text FROM answers.open_answer WHERE response_id = :r ORDER BY 1"),
            {"r": response_id},
        )
        pages = connection.execute(
            text("SELECT page_id FROM answers.page_save WHERE response_id = :r ORDER BY 1"), {"r": response_id}
        )
        return {
            "form": dict(form.mappings().one()),
            "answers": {item: list(codes) for item, codes in answers},
            "texts": dict(tuple(row) for row in texts),
            "pages": sorted(page for (page,) in pages),
        }
