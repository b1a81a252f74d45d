"""
Typed settings, and the only reader of the environment.

Every setting is an environment variable with the prefix `BORGERPULS_`; secrets never appear in a repr.
"""

import os
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from borgerpuls.errors import SettingIsMissing


def _cores() -> int:
    return len(os.sched_getaffinity(0))


class Settings(BaseSettings):
    """Everything that differs between a laptop, a test and production."""

    model_config = SettingsConfigDict(env_prefix="BORGERPULS_", extra="ignore")

    database_url: SecretStr = SecretStr("")
    """The pipeline's login, `postgresql+psycopg://…`. It owns nothing and takes one stage role at a time."""
    database_admin_url: SecretStr = SecretStr("")
    """The login that migrates: owns the schemas and may create roles."""
    questionnaire_database_url: SecretStr = SecretStr("")
    """The questionnaire service's login: sees forms and answers, never identity."""

    key_folder: Path = Path("keys")
    """Folder of the keys kept outside the database, for ever (see vault.py)."""
    round_key_folder: Path | None = None
    """Folder of the rounds' keys, which are destroyed: one disk that all workers share and may write; `rounds` in the key
    folder when not set. Its backups must not live longer than `backup_days` (docs/retention.md)."""
    journal_folder: Path | None = None
    """Folder of the fieldwork journal, outside the database and kept as long as it; beside the keys when not set."""
    letter_folder: Path | None = None
    """Where paper letters wait to be printed, `<round_id>/<municipality code>/`; beside the journal when not set."""
    gateway_folder: Path | None = None
    """Sandbox: folder of the gateways' ledgers and of `registrations.csv`; beside the keys when not set."""
    inbox_folder: Path = Path("inbox")
    """Where the municipalities' extracts arrive: `<inbox>/<round_id>/<municipality code>*.csv`."""
    output_folder: Path = Path("output")
    """Where what is drawn is kept by hash (`<output>/store/`) and what is published lies (`<output>/<round_id>/`)."""

    clock: Literal["real", "simulated"] = "real"
    gateways: Literal["sandbox", "real"] = "sandbox"
    digital_post_gateway_url: str = "http://127.0.0.1:8091"
    sms_gateway_url: str = "http://127.0.0.1:8092"
    gateway_token: SecretStr = SecretStr("")
    """Shared secret with the gateways; also what a receipt must carry."""

    questionnaire_url: str = "http://127.0.0.1:8090"
    """The address printed in letters, without a trailing slash."""

    task_retry_seconds: float = Field(default=20.0, ge=0)
    """How long Airflow waits before it runs a failed task once more."""

    send_batch_size: int = Field(default=200, ge=1)
    send_window: int = Field(default=32, ge=1)
    """Messages in flight at once: the most that one crash can leave in doubt."""
    lease_seconds: int = Field(default=30, ge=1)
    """How long a claim holds without a word of its dispatch; longer than a call may take. After a crash the next dispatch
    waits for it, so recovery takes so long and a little more: within the minute of S3."""
    send_rate: int = Field(default=0, ge=0)
    """Most messages a second that one dispatch may send, a quarter more within any one second; 0 is no limit."""
    gateway_timeout_seconds: float = Field(default=10.0, gt=0)
    gateways_deduplicate: tuple[Literal["digital_post", "sms"], ...] = ()
    """Channels whose gateway has promised in writing to take each message id once. Only there a message in doubt is sent
    again, under its own id. GatewayAPI's `userref` is no such promise."""
    deduplication_hours: int = Field(default=24, ge=1)
    """How long after it was first sent a message in doubt may be sent again: as long as the gateway remembers an id."""
    alert_webhook_url: SecretStr = SecretStr("")
    """Told as JSON when a task fails, an extract is refused or an alert is raised; empty: nobody is told."""
    alert_email: str = ""
    """Told by e-mail too, through Airflow's connection `smtp_default`; empty: no e-mail."""
    answer_site_health_url: str = ""
    """Asked before each batch; nothing is sent while the answer site is unwell. Empty: not asked."""
    digital_post_days: tuple[int, ...] = (0, 1, 2, 3)
    """Weekdays on which Digital Post and letters are sent, Monday is 0."""
    digital_post_hours: tuple[int, int] = (8, 16)
    """First hour, and the hour at which sending ends, Danish time."""
    sms_days: tuple[int, ...] = (0, 1, 2, 3, 4)
    sms_hours: tuple[int, int] = (9, 18)
    sms_part_price_oere: int = Field(default=25, ge=0)
    digital_post_price_oere: int = Field(default=0, ge=0)
    letter_price_oere: int = Field(default=1200, ge=0)
    """Prices of the forecast, in øre; assumed until the agreements are known."""
    suppress_below: int = Field(default=5, ge=3)
    uncertain_below: int = Field(default=30, ge=5)
    one_category_below: int = Field(default=10, ge=5)
    extract_retention_days: int = Field(default=30, ge=1, le=30)
    """Days from the arrival of an extract to its destruction; at most what is promised."""
    round_retention_days: int = Field(default=75, ge=45, le=82)
    """Days from a round's last day to its destruction; below 45 a slip of the pen would forget what is not published. Three months are promised, and are 89 days at the fewest: a week is
    left for tries that fail, and what remains is how long a backup of the rounds' keys may live."""
    report_processes: int = Field(default=2, ge=1)
    attack_processes: int = Field(default_factory=_cores, ge=1)
    """Themes that disclosure control attacks at the same time; default the cores that this process may use."""

    def journal_place(self) -> Path:
        """Return the folder of the fieldwork journal."""
        return self.journal_folder or self.key_folder.parent / "journal"

    def round_key_place(self) -> Path:
        """Return the folder of the rounds' keys."""
        return self.round_key_folder or self.key_folder / "rounds"

    def letter_place(self) -> Path:
        """Return the folder of the paper letters."""
        return self.letter_folder or self.journal_place().parent / "letters"

    def gateway_place(self) -> Path:
        """Return the folder of the sandbox gateways."""
        return self.gateway_folder or self.key_folder.parent / "gateways"

    def require(self, name: str) -> str:
        """
        Return the named setting as text.

        Raises:
            SettingIsMissing: The setting is empty.
        """
        value = getattr(self, name)
        text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        if not text:
            raise SettingIsMissing(
                f"BORGERPULS_{name.upper()} is not set.",
                next_step="Set it in the environment; for the sandbox write `borgerpuls sandbox run COMMAND`.",
            )
        return text


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings of this process, read once."""
    return Settings()
