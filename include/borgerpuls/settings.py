"""
Typed settings, and the only reader of the environment.

Every setting is an environment variable with the prefix `BORGERPULS_`; secrets never appear in a repr.
"""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from borgerpuls.errors import SettingIsMissing


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
    """Folder of the keys kept outside the database (see vault.py)."""
    inbox_folder: Path = Path("inbox")
    """Where the municipalities' extracts arrive: `<inbox>/<round_id>/<municipality code>*.csv`."""
    output_folder: Path = Path("output")
    """Where reports are written: `<output>/<round_id>/`."""

    clock: Literal["real", "simulated"] = "real"
    gateways: Literal["sandbox", "real"] = "sandbox"
    digital_post_gateway_url: str = "http://127.0.0.1:8091"
    sms_gateway_url: str = "http://127.0.0.1:8092"
    gateway_token: SecretStr = SecretStr("")
    """Shared secret with the gateways; also what a receipt must carry."""

    questionnaire_url: str = "http://127.0.0.1:8090"
    """The address printed in letters, without a trailing slash."""

    send_batch_size: int = Field(default=200, ge=1)
    send_window: int = Field(default=32, ge=1)
    """Messages in flight at once: the most that one crash can leave in doubt."""
    lease_seconds: int = Field(default=60, ge=1)
    suppress_below: int = Field(default=5, ge=3)
    uncertain_below: int = Field(default=30, ge=5)
    one_category_below: int = Field(default=10, ge=5)
    extract_retention_days: int = Field(default=30, ge=1)
    report_processes: int = Field(default=2, ge=1)

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
                next_step="Set it in the environment (`make up` does so for the sandbox).",
            )
        return text


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings of this process, read once."""
    return Settings()
