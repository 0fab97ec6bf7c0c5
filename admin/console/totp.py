"""The second factor's arithmetic: one-time codes by the clock as RFC 6238 has them, and recovery codes. Pure.

SHA-1, six digits and 30 seconds: the only choice that every authenticator app understands.
"""

import base64
import hmac
import secrets
import struct
from datetime import datetime
from urllib.parse import quote, urlencode

STEP_SECONDS = 30
DIGITS = 6
SECRET_BYTES = 20  # as long as the hash, as RFC 4226 recommends
RECOVERY_CODES = 10
RECOVERY_BYTES = 10  # 80 bits: nobody guesses one, however fast
DRIFT = (-1, 0)  # steps: it takes a while to type, and a phone's clock may go a little slow


def new_secret() -> str:
    """A random secret as authenticator apps take it: 32 characters of base32."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def step_at(now: datetime) -> int:
    """The number of the half minute that *now* is in."""
    return int(now.timestamp()) // STEP_SECONDS


def code(secret: str, step: int, *, digits: int = DIGITS) -> str:
    """The code of the half minute *step*."""
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", step), "sha1")
    offset = digest[-1] & 0x0F
    number: int = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}}"


def matching_step(secret: str, typed: str, now: datetime) -> int | None:
    """The half minute that *typed* is the code of, the present one or the one before; None when it is of neither."""
    steps = [step_at(now) + drift for drift in DRIFT]
    right = [step for step in steps if hmac.compare_digest(code(secret, step).encode(), typed.encode())]
    return right[0] if right else None


def address(secret: str, *, service: str, name: str) -> str:
    """What an authenticator app opens: the secret with the names it is listed under."""
    query = urlencode({"secret": secret, "issuer": service}, quote_via=quote)
    return f"otpauth://totp/{quote(f'{service}:{name}', safe=':')}?{query}"


def new_recovery_codes() -> list[str]:
    """Ten random codes, as they are written down: "ABCD-EFGH-IJKL-MNOP"."""
    codes = [base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode() for _ in range(RECOVERY_CODES)]
    return ["-".join(code[start : start + 4] for start in range(0, len(code), 4)) for code in codes]
