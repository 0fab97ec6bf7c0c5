"""One-time codes: as the RFC has them, so that every authenticator app shows the same."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from admin.console import totp

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
NOW = datetime(2026, 11, 24, 8, 0, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_codes_are_those_of_the_rfc(seconds: int, expected: str) -> None:
    """RFC 6238, appendix B, SHA-1: what an app computes from the same secret."""
    step = totp.step_at(datetime.fromtimestamp(seconds, UTC))

    assert totp.code(RFC_SECRET, step, digits=8) == expected


def test_a_code_is_good_for_its_half_minute_and_the_next_alone() -> None:
    """It takes a while to type; but neither an old one, read over a shoulder, nor one of the future helps."""
    typed = totp.code(RFC_SECRET, totp.step_at(NOW))
    good = [
        seconds
        for seconds in range(-90, 91, 30)
        if totp.matching_step(RFC_SECRET, typed, NOW + timedelta(seconds=seconds)) is not None
    ]

    assert good == [0, 30]


@pytest.mark.parametrize("typed", ["", "12345", "abcdef", "０１２３４５", "1" * 500])
def test_what_is_no_code_matches_none(typed: str) -> None:
    """Whatever is typed there: no fault, no way in."""
    assert totp.matching_step(RFC_SECRET, typed, NOW) is None


def test_the_address_names_the_service_and_the_person() -> None:
    """In the app's list the code must be told from all the others."""
    parts = urlsplit(totp.address(RFC_SECRET, service="Otappa koppi", name="Väinö & co"))

    assert (parts.scheme, parts.netloc, parts.path) == ("otpauth", "totp", "/Otappa%20koppi:V%C3%A4in%C3%B6%20%26%20co")
    assert parse_qs(parts.query) == {"secret": [RFC_SECRET], "issuer": ["Otappa koppi"]}


def test_recovery_codes_are_ten_and_never_the_same() -> None:
    """Each of 80 bits, in groups that can be copied from paper."""
    codes = totp.new_recovery_codes() + totp.new_recovery_codes()

    assert len(set(codes)) == 20
    assert {len(code.replace("-", "")) for code in codes} == {16}
