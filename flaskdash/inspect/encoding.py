"""Work out a text file's encoding from all of its bytes."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from flaskdash.errors import FlaskdashError

SAMPLE = 50_000
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# One byte a character, western Europe: told apart by what the odd bytes turn into.
WESTERN = ("cp1252", "mac_roman", "cp850")
# Detected by the company the bytes keep; a short sample is not enough for the rest.
DETECTABLE = re.compile(r"euc_|gb|big5|shift|cp932|cp949|johab|cp125[013-8]|koi8|iso8859_[2-9]|hz")


def decode(raw: bytes, path: Path) -> tuple[str, str]:
    """Return a file's text and the name of its encoding; raise if it is no text."""
    name = detect(raw)
    try:
        text = raw.decode(name)
    except (UnicodeDecodeError, LookupError):
        name = "latin-1"
        text = raw.decode(name)
    if is_binary(text):
        raise FlaskdashError(
            f"{path} is a binary file, not text.", "give a CSV, TSV or Parquet file"
        )
    return text, name


def detect(raw: bytes) -> str:
    """Return the name of the encoding."""
    for bom, name in BOMS:
        if raw.startswith(bom):
            return name
    if wide := _utf16(raw[:SAMPLE]):
        return wide
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return _legacy(raw)
    return "utf-8"


def is_binary(text: str) -> bool:
    """Tell whether decoded text is full of control characters."""
    sample = text[:SAMPLE]
    control = sum(sample.count(chr(code)) for code in (*range(1, 9), *range(14, 27), 127))
    nul = sample.count("\0")
    return control > len(sample) * 0.02 or nul > len(sample) * 0.2


def _utf16(head: bytes) -> str | None:
    """Return the UTF-16 without a BOM that these bytes look like: every other byte is NUL."""
    if len(head) < 4:
        return None
    even, odd = head[0::2], head[1::2]
    if odd.count(0) > len(odd) * 0.6 and even.count(0) < len(even) * 0.05:
        return "utf-16-le"
    if even.count(0) > len(even) * 0.6 and odd.count(0) < len(odd) * 0.05:
        return "utf-16-be"
    return None


def _legacy(raw: bytes) -> str:
    """Return the encoding of text that is not UTF-8, from the lines which prove that."""
    lines = re.findall(rb"[^\r\n]*[\x80-\xff][^\r\n]*", raw)
    sample = b"\n".join(lines)[:SAMPLE]
    # Imported here: the detector is slow to import, and most files are UTF-8.
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    guess = best.encoding if best else ""
    high = re.findall(rb"[\x80-\xff]+", sample)
    runs = sum(len(run) >= 2 for run in high) / len(high)
    if guess and DETECTABLE.match(guess) and (runs > 0.5) and _decodes(raw, guess):
        return guess
    return max(
        (name for name in (*WESTERN, "latin-1") if _decodes(raw, name)),
        key=lambda name: _plausible(sample.decode(name, errors="replace"), name),
    )


def _decodes(raw: bytes, name: str) -> bool:
    """Tell whether all bytes are valid in an encoding."""
    try:
        raw.decode(name)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _plausible(text: str, name: str) -> float:
    """Score how natural the odd characters of a western text are; cp1252 wins a draw."""
    score = 0.02 if name == "cp1252" else 0.0
    odd = re.findall(r"(.?)([^\x00-\x7f])(.?)", text)
    for before, character, after in odd:
        inside = before.isalpha() or after.isalpha()
        if character in "\u00a0’‘“”–—…€£°²³½®™§·" or (character.islower() and inside):
            score += 1 / len(odd)
        elif character.isupper() and (before.islower() or not inside or after.islower()):
            # A capital after a small letter is a sign of the wrong table.
            score += (-1 if before.islower() else 0.6) / len(odd)
        elif character.isupper():
            score += 0.6 / len(odd)
        elif not character.isprintable() or character in "\ufffd":
            score -= 1 / len(odd)
    return score
