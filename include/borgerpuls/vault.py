"""
The one place that encrypts, pseudonymises and derives: keys live in a folder outside the database.

Four keys of 32 bytes, one file each: `wrapping` (wraps the data key of a round), `lookup` (finds a CPR number without
showing it), `pseudonym` (makes person and response ids), `access` (makes links and typed codes). Losing `wrapping`
loses every identity; destroying a round's data key is how a round is forgotten.

Encryption is AES-256-GCM. The nonce is derived from key, place and plaintext, so that writing the same row again gives
the same bytes and a task can be rerun without changing anything; different plaintexts get different nonces.
"""

import hashlib
import hmac
import os
import secrets
import uuid
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from borgerpuls.errors import SettingIsMissing
from borgerpuls.settings import settings

KEY_NAMES = ("wrapping", "lookup", "pseudonym", "access")
KEY_LENGTH = 32
NONCE_LENGTH = 12

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CROCKFORD_CHECK = CROCKFORD + "*~$=U"
CODE_LENGTH = 10


class Vault:
    """The keys of an installation, and what is derived from them."""

    def __init__(self, folder: Path, names: tuple[str, ...] = KEY_NAMES) -> None:
        self._keys: dict[str, bytes] = {}
        for name in names:
            path = folder / f"{name}.key"
            if not path.is_file() or path.stat().st_size != KEY_LENGTH:
                raise SettingIsMissing(
                    f"The key file {name}.key is missing or is not {KEY_LENGTH} bytes.",
                    where="BORGERPULS_KEY_FOLDER",
                    next_step="Make keys once with `borgerpuls database make-keys`, and keep a copy elsewhere.",
                )
            self._keys[name] = path.read_bytes()

    def new_wrapped_data_key(self, round_id: str) -> bytes:
        """Return a fresh data key for a round, wrapped."""
        return self._seal(self._keys["wrapping"], os.urandom(KEY_LENGTH), f"data_key|{round_id}")

    def open_data_key(self, wrapped: bytes, round_id: str) -> "RoundKey":
        """Return the data key of a round, ready to encrypt and decrypt."""
        return RoundKey(self._open(self._keys["wrapping"], wrapped, f"data_key|{round_id}"), round_id)

    def lookup(self, cpr: str) -> bytes:
        """Return the keyed hash by which a CPR number (10 digits) is found."""
        return self._mac("lookup", cpr)

    def person_id(self, round_id: str, cpr: str) -> uuid.UUID:
        """Return the pseudonym of a person in one round: the same at every run, unlike that of another round."""
        return _uuid(self._mac("pseudonym", f"person|{round_id}|{cpr}"))

    def response_id(self, round_id: str, person_id: uuid.UUID) -> uuid.UUID:
        """Return the id of a person's form; only this key tells whose it is."""
        return _uuid(self._mac("pseudonym", f"response|{round_id}|{person_id}"))

    def message_id(self, round_id: str, person_id: uuid.UUID, wave: int, slot: str, purpose: str) -> uuid.UUID:
        """Return the UUID (version 4 by form) of a message or its transaction: the same at every planning."""
        return _uuid(self._mac("pseudonym", f"{purpose}|{round_id}|{person_id}|{wave}|{slot}"))

    def link_token(self, round_id: str, person_id: uuid.UUID) -> str:
        """Return the token of a person's link: 24 characters of 5 bits (120 bits)."""
        return _crockford(self._mac("access", f"link|{round_id}|{person_id}"), 24)

    def typed_code(self, round_id: str, person_id: uuid.UUID) -> str:
        """Return the code a person can type: 10 Crockford characters and a check character."""
        body = _crockford(self._mac("access", f"code|{round_id}|{person_id}"), CODE_LENGTH)
        return body + check_character(body)

    def staff_code(self) -> str:
        """Return a fresh code for staff to pass on: made by chance, like no other, formed as a typed code."""
        body = "".join(secrets.choice(CROCKFORD) for _ in range(CODE_LENGTH))
        return body + check_character(body)

    def access_hash(self, secret: str) -> bytes:
        """Return the keyed hash under which a token or code is stored."""
        return self._mac("access", f"stored|{secret}")

    def session_signature(self, message: bytes) -> bytes:
        """Return the signature that lets a browser carry *message* for the questionnaire service and not change it."""
        return hmac.digest(self._keys["access"], b"session|" + message, "sha256")

    def receipt_number(self, response_id: uuid.UUID) -> str:
        """Return the receipt number of a finished form: 10 Crockford characters and a check character."""
        body = _crockford(self._mac("access", f"receipt|{response_id}"), CODE_LENGTH)
        return body + check_character(body)

    def _mac(self, key: str, message: str) -> bytes:
        return hmac.digest(self._keys[key], message.encode(), "sha256")

    @staticmethod
    def _seal(key: bytes, plaintext: bytes, place: str) -> bytes:
        nonce = hmac.digest(key, place.encode() + b"\0" + plaintext, "sha256")[:NONCE_LENGTH]
        return nonce + AESGCM(key).encrypt(nonce, plaintext, place.encode())

    @staticmethod
    def _open(key: bytes, sealed: bytes, place: str) -> bytes:
        return AESGCM(key).decrypt(sealed[:NONCE_LENGTH], sealed[NONCE_LENGTH:], place.encode())


class RoundKey:
    """The data key of one round. *place* binds a value to its column and row, so that it cannot be moved."""

    def __init__(self, key: bytes, round_id: str) -> None:
        self._cipher = AESGCM(key)
        self._key = key
        self._round_id = round_id

    def encrypt(self, text: str, place: str) -> bytes:
        """Return *text* sealed for *place*."""
        bound = f"{self._round_id}|{place}".encode()
        plaintext = text.encode()
        nonce = hmac.digest(self._key, bound + b"\0" + plaintext, "sha256")[:NONCE_LENGTH]
        return nonce + self._cipher.encrypt(nonce, plaintext, bound)

    def decrypt(self, sealed: bytes, place: str) -> str:
        """Return the text sealed for *place*; raises `cryptography.exceptions.InvalidTag` for any other place."""
        bound = f"{self._round_id}|{place}".encode()
        return self._cipher.decrypt(sealed[:NONCE_LENGTH], sealed[NONCE_LENGTH:], bound).decode()


def make_keys(folder: Path, seed: int | None = None) -> None:
    """
    Write the key files that are missing.

    Args:
        folder: Made if needed, readable by its owner only.
        seed: Sandbox only: derive the keys, so that the same seed gives the same pseudonyms and sample everywhere.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in KEY_NAMES:
        path = folder / f"{name}.key"
        if path.exists():
            continue
        key = os.urandom(KEY_LENGTH) if seed is None else hashlib.sha256(f"sandbox|{seed}|{name}".encode()).digest()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)


def access_vault() -> Vault:
    """Return a vault with the `access` key alone: all that the questionnaire service is given."""
    return Vault(settings().key_folder, ("access",))


@lru_cache(maxsize=1)
def vault() -> Vault:
    """Return the vault of this process, read once."""
    return Vault(settings().key_folder)


def check_character(body: str) -> str:
    """Return the Crockford check character of *body* (its number modulo 37)."""
    number = 0
    for character in body:
        number = number * 32 + CROCKFORD.index(character)
    return CROCKFORD_CHECK[number % 37]


def _crockford(digest: bytes, length: int) -> str:
    number = int.from_bytes(digest, "big")
    return "".join(CROCKFORD[(number >> (5 * place)) & 31] for place in range(length))


def _uuid(digest: bytes) -> uuid.UUID:
    return uuid.UUID(bytes=digest[:16], version=4)
