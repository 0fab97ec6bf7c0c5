"""Sealing: what may not be read from the database alone is encrypted or kept as a keyed hash.

Chat ids, web tokens and texts on their way are sealed with Fernet (AES-128-CBC and HMAC-SHA256); addresses are found
again by a keyed hash. The key stands outside the database, so a stolen copy of the database names nobody.
"""

import base64
import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_FILE = "koppi.key"


class WrongKey(Exception):
    """What was sealed cannot be opened: the key has been changed or the bytes were altered."""


class Vault:
    """Seals and opens texts, and makes the keyed hashes by which addresses are looked up."""

    def __init__(self, secret: str) -> None:
        self._fernet = Fernet(base64.urlsafe_b64encode(_derive(secret, b"seal")))
        self._lookup_key = _derive(secret, b"lookup")

    @classmethod
    def open(cls, data_dir: Path, secret: str | None) -> "Vault":
        """The vault of *secret*, else of the key file in *data_dir*, which is made (mode 600) if there is none."""
        return cls(secret or _read_or_make_key(data_dir / KEY_FILE))

    def seal(self, text: str) -> bytes:
        """*text*, encrypted. Sealing the same text twice gives different bytes."""
        return self._fernet.encrypt(text.encode("utf-8", "surrogatepass"))

    def unseal(self, sealed: bytes) -> str:
        """The text that was sealed; raises `WrongKey` when this vault did not seal it."""
        try:
            return self._fernet.decrypt(sealed).decode("utf-8", "surrogatepass")
        except InvalidToken as error:
            raise WrongKey("what was sealed cannot be opened with this key") from error

    def lookup(self, *parts: str) -> str:
        """A keyed hash of *parts*, 32 hexadecimal digits, the same for the same parts and key."""
        message = "\x1f".join(parts).encode("utf-8", "surrogatepass")
        return hmac.new(self._lookup_key, message, hashlib.sha256).hexdigest()[:32]


def _derive(secret: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"otappa-koppi " + purpose).derive(secret.encode())


def _read_or_make_key(path: Path) -> str:
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")  # not the pid: containers share those
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(base64.urlsafe_b64encode(os.urandom(32)).decode() + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A link is made whole or not at all: of two processes that start at once, one wins and both read its key.
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
    return path.read_text(encoding="ascii").strip()
