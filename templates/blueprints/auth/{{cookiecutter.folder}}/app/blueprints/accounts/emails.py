"""E-mail addresses: in one form, so that two users cannot look alike."""

import re
import unicodedata

EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)*")


def normal_email(text: str) -> str:
    """Return an address in lower case; empty if it is none, or has letters that look like others."""
    email = unicodedata.normalize("NFKC", text).strip().lower()
    return email if len(email) <= 254 and EMAIL.fullmatch(email) else ""
