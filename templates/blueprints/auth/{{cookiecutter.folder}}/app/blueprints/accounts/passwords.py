"""Passwords: how they are hashed, and which ones are refused."""

import unicodedata
from functools import cache
from pathlib import Path
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 12, 128  # characters
COMMON = Path(__file__).with_name("common_passwords.txt")
# OWASP's parameters for little memory: 19 MiB for each hash, of which two are made at a time.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_places = BoundedSemaphore(2)


def problem(password: str, email: str) -> str:
    """Return why a password is refused, as a sentence; empty if it is not."""
    password = _normal(password)
    if not SHORTEST <= len(password) <= LONGEST:
        return f"A password has {SHORTEST} to {LONGEST} characters."
    lower = password.casefold()
    names = {email, email.partition("@")[0]}
    if lower in _common() or len({*lower}) < 5 or lower.strip("0123456789!.-_ ") in names:
        return "Many people would guess this password. Choose another one."
    return ""


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password."""
    with _places:
        return _hasher.hash(_normal(password))


def matches(password: str, hashed: str) -> bool:
    """Return whether a password has this hash; for an empty hash, False after the same time."""
    try:
        with _places:
            _hasher.verify(hashed or _dummy(), _normal(password)[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return bool(hashed)


def is_outdated(hashed: str) -> bool:
    """Return whether a hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(hashed)


@cache
def _dummy() -> str:
    return _hasher.hash("of nobody")


@cache
def _common() -> frozenset[str]:
    return frozenset(COMMON.read_text("utf-8").split())


def _normal(password: str) -> str:
    """Return a password in one form: keyboards may write é as one character or as two."""
    return unicodedata.normalize("NFKC", password)
