"""
The one place that encrypts, pseudonymises and derives: keys live in folders outside the database.

Four keys of 32 bytes are kept for ever, one file each: `wrapping` (seals identities), `lookup` (finds a CPR number
without showing it), `pseudonym` (makes person and response ids), `access` (makes links and typed codes). Whatever belongs
to one round follows from one of them *and* from the round's own key (round_keys.py): a round whose key is destroyed
cannot be read, nor its people be found by their CPR numbers, by anybody who has every other key and an old copy of the
database. The link from a person to a form is stored nowhere: it follows from the round's key (`RoundKey.response_id`).

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

from borgerpuls.errors import RoundIsForgotten, RoundKeyIsMissing, SettingIsMissing
from borgerpuls.round_keys import KEY_LENGTH, RoundKeyFolder, keep_key, read_key
from borgerpuls.settings import settings

KEY_NAMES = ("wrapping", "lookup", "pseudonym", "access")
NONCE_LENGTH = 12
SEED_FILE = "sandbox-seed"
"""Beside keys that were derived from a seed: the rounds' keys are then derived from it too."""

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CROCKFORD_CHECK = CROCKFORD + "*~$=U"
CODE_LENGTH = 10


class Vault:
    """The keys of an installation, and what is derived from them."""

    def __init__(self, folder: Path, names: tuple[str, ...] = KEY_NAMES, round_folder: Path | None = None) -> None:
        self._keys: dict[str, bytes] = {}
        self._rounds = RoundKeyFolder(round_folder or folder / "rounds")
        seed = folder / SEED_FILE
        self._seed = seed.read_text(encoding="ascii") if seed.is_file() else None
        for name in names:
            path = folder / f"{name}.key"
            if not path.is_file() or path.stat().st_size != KEY_LENGTH:
                raise SettingIsMissing(
                    f"The key file {name}.key is missing or is not {KEY_LENGTH} bytes.",
                    where="BORGERPULS_KEY_FOLDER",
                    next_step="Make keys once with `borgerpuls database make-keys`, and keep a copy elsewhere.",
                )
            self._keys[name] = path.read_bytes()

    def make_round_key(self, round_id: str) -> None:
        """
        Make the key of a round that is being opened; one that is there already stays.

        Raises:
            RoundIsForgotten: The round has had a key, and it was destroyed.
        """
        self._refuse_destroyed(round_id)
        keep_key(self._rounds.of_round(round_id), self._fresh_key(f"round|{round_id}"))

    def round_key(self, round_id: str) -> "RoundKey":
        """
        Return the key of a round, and what follows from it.

        Raises:
            RoundIsForgotten: It was destroyed.
            RoundKeyIsMissing: There is none, and none was destroyed: this is not the folder of the rounds' keys.
        """
        self._refuse_destroyed(round_id)
        secret = read_key(self._rounds.of_round(round_id))
        if secret is None:
            raise RoundKeyIsMissing.named(round_id)
        return RoundKey(round_id, {name: self._bound(name, round_id, secret) for name in KEY_NAMES})

    def _refuse_destroyed(self, round_id: str) -> None:
        destroyed_at = self._rounds.destroyed_at(round_id)
        if destroyed_at is not None:
            raise RoundIsForgotten.since(round_id, destroyed_at)

    def make_extract_key(self, round_id: str, municipality_code: str) -> "Seal":
        """
        Return what seals a municipality's extract, made where there is none; it is destroyed before the round's key.

        Raises:
            RoundIsForgotten: The round's key was destroyed, and no key is made beside its gravestone.
            RoundKeyIsMissing: The round's key is not here: a key made here would not be found where it is destroyed.
        """
        self.round_key(round_id)
        path = self._rounds.of_extract(round_id, municipality_code)
        secret = keep_key(path, self._fresh_key(f"extract|{round_id}|{municipality_code}"))
        return Seal(round_id, self._bound("wrapping", round_id, secret))

    def extract_key(self, round_id: str, municipality_code: str) -> "Seal | None":
        """
        Return what seals a municipality's extract; None when it is destroyed or was never made.

        Raises:
            RoundIsForgotten: The round's key was destroyed too.
            RoundKeyIsMissing: The round's key is not here either: that says nothing of what was destroyed.
        """
        secret = read_key(self._rounds.of_extract(round_id, municipality_code))
        if secret is None:
            self.round_key(round_id)
            return None
        return Seal(round_id, self._bound("wrapping", round_id, secret))

    def lookup(self, cpr: str) -> bytes:
        """Return the keyed hash of a CPR number (10 digits) that outlives rounds: of who wants no contact, nothing else."""
        return self._mac("lookup", cpr)

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

    def _bound(self, name: str, round_id: str, secret: bytes) -> bytes:
        return hmac.digest(self._keys[name], f"round|{round_id}|".encode() + secret, "sha256")

    def _fresh_key(self, what: str) -> bytes:
        if self._seed is None:
            return os.urandom(KEY_LENGTH)
        return hashlib.sha256(f"sandbox|{self._seed}|{what}".encode()).digest()


class Seal:
    """Seals values of one round. *place* binds a value to its column and row, so that it cannot be moved."""

    def __init__(self, round_id: str, key: bytes) -> None:
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


class RoundKey(Seal):
    """The key of one round: seals its identities, and gives every id, link and code of its people."""

    def __init__(self, round_id: str, bound: dict[str, bytes]) -> None:
        super().__init__(round_id, bound["wrapping"])
        self._bound = bound
        self.link_key = hmac.digest(bound["pseudonym"], b"link", "sha256")
        """Tells whose a form is; given to the statements that must know it, stored nowhere."""

    def lookup(self, cpr: str) -> bytes:
        """Return the keyed hash by which a CPR number (10 digits) is found in this round."""
        return self._mac("lookup", cpr)

    def person_id(self, cpr: str) -> uuid.UUID:
        """Return the pseudonym of a person in this round: the same at every run, unlike that of another round."""
        return _uuid(self._mac("pseudonym", f"person|{cpr}"))

    def response_id(self, person_id: uuid.UUID) -> uuid.UUID:
        """
        Return the id of a person's form, as `link.response_id` in the database does.

        SHA-256 of the link key and the person's 16 bytes, cut to 128 bits: messages of one length need no more than that.
        """
        return uuid.UUID(bytes=hashlib.sha256(self.link_key + person_id.bytes).digest()[:16])

    def message_id(self, person_id: uuid.UUID, wave: int, slot: str, purpose: str) -> uuid.UUID:
        """Return the UUID (version 4 by form) of a message or its transaction: the same at every planning."""
        return _uuid(self._mac("pseudonym", f"{purpose}|{person_id}|{wave}|{slot}"))

    def link_token(self, person_id: uuid.UUID) -> str:
        """Return the token of a person's link: 24 characters of 5 bits (120 bits)."""
        return _crockford(self._mac("access", f"link|{person_id}"), 24)

    def typed_code(self, person_id: uuid.UUID) -> str:
        """Return the code a person can type: 10 Crockford characters and a check character."""
        body = _crockford(self._mac("access", f"code|{person_id}"), CODE_LENGTH)
        return body + check_character(body)

    def _mac(self, name: str, message: str) -> bytes:
        return hmac.digest(self._bound[name], message.encode(), "sha256")


def make_keys(folder: Path, seed: int | None = None) -> None:
    """
    Write the key files that are missing.

    Args:
        folder: Made if needed, readable by its owner only.
        seed: Sandbox only: derive the keys, and those of its rounds, so that the same seed gives the same pseudonyms and
            sample everywhere.
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
        if seed is not None:
            (folder / SEED_FILE).write_text(str(seed), encoding="ascii")


def access_vault() -> Vault:
    """Return a vault with the `access` key alone: all that the questionnaire service is given."""
    return Vault(settings().key_folder, ("access",))


@lru_cache(maxsize=1)
def vault() -> Vault:
    """Return the vault of this process, read once."""
    return Vault(settings().key_folder, round_folder=settings().round_key_place())


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
