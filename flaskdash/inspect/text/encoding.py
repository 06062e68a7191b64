"""Detect a text file's encoding from all of its bytes."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from pathlib import Path

from flaskdash.errors import FlaskdashError

SAMPLE_SIZE = 50_000
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Signs that occur in any language: quotes, dashes, currencies, degrees.
PUNCTUATION = (
    "\u00a0\u2019\u2018\u201c\u201d\u2013\u2014\u2026\u20ac£°²³½®™§·µº«»¿¡©±\u00d7¹¼¾†‡•¨\u00b4"
)
WEST = (
    *("éèêëàâçîïôùûüœæÿ", "äöüßé", "áéíóúñü", "ãõáéíóúâêôçà", "åäöæøé", "àèéìòù", "ëïéèöü"),
    "áéíóúýðþæö",
)
# Encodings with one byte per character, and the letters of the languages that use them.
LETTERS = {
    "cp1252": WEST,
    "cp1250": (
        "áčďéěíňóřšťúůýž",
        "ąćęłńóśźż",
        "áéíóöőúüű",
        "ăâîșțşţ",
        "čćđšž",
        "áäčďéíĺľňóôŕšťúýž",
    ),
    "cp1254": ("çğıöşüİâîû",),
    "cp1257": ("ąčęėįšųūžāēģīķļņ", "äõöüšž"),
    "cp1253": ("αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋ",),
    "mac_roman": WEST,
    "cp850": WEST,
    "latin-1": WEST,
}
# In each of these encodings, Cyrillic words consist of high bytes only. If the encoding is wrong,
# capitals and small letters are swapped, or words contain signs.
CYRILLIC = ("cp1251", "koi8-r", "cp866", "iso8859_5", "mac_cyrillic")
_CYRILLIC_WORD = re.compile("[\u0400-\u042f]?[\u0430-\u045f]+|[\u0400-\u042f]+")
COMMON_CYRILLIC = frozenset("оеаинтсрвлкм")
# charset_normalizer is reliable for these: encodings with two bytes per character, and Cyrillic.
DETECTABLE = re.compile(r"euc_|gb|big5|shift|cp932|cp949|cp1251|cp125[568]|koi8|iso8859_[5-8]|hz")


def decode(raw: bytes, path: Path, given: str | None = None) -> tuple[str, str]:
    """Return a file's text and its encoding: the one that the user gives, or else detected.

    Raises FlaskdashError if the file is binary, or not in the encoding that is given.
    """
    name = given or detect(raw)
    try:
        # Damaged bytes in UTF-8 become U+FFFD, so that the text can still be read.
        text = raw.decode(name, "replace" if name == "utf-8" else "strict")
    except (UnicodeError, LookupError):
        if given:
            raise FlaskdashError(
                f"{path} has bytes that are not {given}. Choose another encoding, or leave it out."
            ) from None
        name = "latin-1"
        text = raw.decode(name)
    if is_binary(text):
        raise FlaskdashError(
            f"{path} is a binary file, not text. Give a CSV, Excel, JSON or Parquet file."
        )
    return text, name


def detect(raw: bytes) -> str:
    """Return the name of the encoding that Python uses."""
    for bom, name in BOMS:
        if raw.startswith(bom):
            return name
    if utf16 := _utf16_without_bom(raw[:SAMPLE_SIZE]):
        return utf16
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "utf-8" if _mostly_utf8(raw) else _legacy(raw)
    return "utf-8"


def _mostly_utf8(raw: bytes) -> bool:
    """Tell whether valid UTF-8 sequences far outnumber the invalid bytes."""
    text = raw.decode("utf-8", "replace")
    invalid = text.count("\ufffd")
    valid = len(re.findall("[\x80-\ufffc\U00010000-\U0010ffff]", text))
    return valid > 10 * invalid


def is_binary(text: str) -> bool:
    """Tell whether decoded text is full of control characters."""
    sample = text[:SAMPLE_SIZE]
    control = sum(sample.count(chr(code)) for code in (*range(2, 9), *range(14, 27), 127))
    nul = sample.count("\0")
    return control > len(sample) * 0.02 or nul > len(sample) * 0.2


def _utf16_without_bom(head: bytes) -> str | None:
    """Return the UTF-16 variant of bytes in which every second byte is NUL, or None."""
    if len(head) < 4:
        return None
    even, odd = head[0::2], head[1::2]
    if odd.count(0) > len(odd) * 0.6 and even.count(0) < len(even) * 0.05:
        return "utf-16-le"
    if even.count(0) > len(even) * 0.6 and odd.count(0) < len(odd) * 0.05:
        return "utf-16-be"
    return None


def _legacy(raw: bytes) -> str:
    """Return the encoding of text that is not UTF-8, from its lines that are not ASCII."""
    lines = [line for line in raw.splitlines() if not line.isascii()]
    sample = b"\n".join(lines)[:SAMPLE_SIZE]
    for name in CYRILLIC:
        if _decodes(raw, name) and _is_cyrillic(sample, name):
            return name
    # Imported here because the detector is slow to import and most files are UTF-8.
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    guess = best.encoding if best else ""
    runs = re.findall(rb"[\x80-\xff]+", sample)
    long_run_share = sum(len(run) >= 2 for run in runs) / len(runs)
    if guess and DETECTABLE.match(guess) and long_run_share > 0.5 and _decodes(raw, guess):
        return guess
    candidates = [name for name in LETTERS if _decodes(raw, name)]
    return max(candidates, key=lambda name: _plausibility(sample.decode(name), name))


def _is_cyrillic(sample: bytes, name: str) -> bool:
    """Tell whether the high bytes are Cyrillic words of common letters, in this encoding."""
    text = sample.decode(name, "replace")
    words = re.findall(r"(?:[^\W\d_]|[^\x00-\x7f]){2,}", text)
    words = [word for word in words if not word.isascii()]
    valid = sum(bool(_CYRILLIC_WORD.fullmatch(word)) for word in words)
    letters = "".join(words).lower()
    common = sum(letter in COMMON_CYRILLIC for letter in letters)
    return len(letters) > 20 and valid > 0.9 * len(words) and common > 0.5 * len(letters)


def _decodes(raw: bytes, name: str) -> bool:
    """Tell whether all bytes are valid in an encoding."""
    try:
        raw.decode(name)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _plausibility(text: str, name: str) -> float:
    """Score from 0 to 1.15 how well the characters beyond ASCII fit one language."""
    counts = Counter(
        character
        for previous, character in re.findall(r"(.?)([^\x00-\x7f])", text)
        # A capital after a small letter suggests the wrong encoding.
        if not (character.isupper() and previous.islower())
    )
    total = len(re.findall(r"[^\x00-\x7f]", text))
    signs = sum(counts[sign] for sign in PUNCTUATION)
    letters = max(
        sum(counts[letter] for letter in alphabet + alphabet.upper()) for alphabet in LETTERS[name]
    )
    # cp1252 is the most common by far, so it needs the least evidence.
    bonus = 0.15 if name == "cp1252" else 0.0
    return (signs + letters) / total + bonus
