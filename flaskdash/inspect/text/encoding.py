"""Work out a text file's encoding from all of its bytes."""

from __future__ import annotations

import codecs
import re
from collections import Counter
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
# Signs that stand in any text: quotes, dashes, currencies, degrees.
PUNCTUATION = (
    "\u00a0\u2019\u2018\u201c\u201d\u2013\u2014\u2026\u20ac£°²³½®™§·µº«»¿¡©±\u00d7¹¼¾†‡•¨\u00b4"
)
WEST = (
    *("éèêëàâçîïôùûüœæÿ", "äöüßé", "áéíóúñü", "ãõáéíóúâêôçà", "åäöæøé", "àèéìòù", "ëïéèöü"),
    "áéíóúýðþæö",
)
# One byte a character: each encoding with the letters of the languages that are written in it.
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
# Cyrillic, which each of these writes in whole words of high bytes. In the wrong one, small and
# capital letters change places, or signs stand among them.
CYRILLIC = ("cp1251", "koi8-r", "cp866", "iso8859_5", "mac_cyrillic")
_CYRILLIC_WORD = re.compile("[\u0400-\u042f]?[\u0430-\u045f]+|[\u0400-\u042f]+")
COMMON_CYRILLIC = frozenset("оеаинтсрвлкм")
# Told by the detector from the company that bytes keep: two bytes a character, or Cyrillic.
DETECTABLE = re.compile(r"euc_|gb|big5|shift|cp932|cp949|cp1251|cp125[568]|koi8|iso8859_[5-8]|hz")


def decode(raw: bytes, path: Path) -> tuple[str, str]:
    """Return a file's text and the name of its encoding; raise if it is no text."""
    name = detect(raw)
    try:
        # In UTF-8 that is damaged in places, those become a sign of their own.
        text = raw.decode(name, "replace" if name == "utf-8" else "strict")
    except (UnicodeDecodeError, LookupError):
        name = "latin-1"
        text = raw.decode(name)
    if is_binary(text):
        raise FlaskdashError(
            f"{path} is a binary file, not text.", "give a data file: CSV, Excel, JSON or Parquet"
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
        return "utf-8" if _mostly_utf8(raw) else _legacy(raw)
    return "utf-8"


def _mostly_utf8(raw: bytes) -> bool:
    """Tell whether there is far more that only UTF-8 explains than what is no UTF-8."""
    text = raw.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    whole = len(re.findall("[\x80-\ufffc\U00010000-\U0010ffff]", text))
    return whole > 10 * broken


def is_binary(text: str) -> bool:
    """Tell whether decoded text is full of control characters."""
    sample = text[:SAMPLE]
    control = sum(sample.count(chr(code)) for code in (*range(2, 9), *range(14, 27), 127))
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
    if cyrillic := next((n for n in CYRILLIC if _decodes(raw, n) and _is_cyrillic(sample, n)), ""):
        return cyrillic
    # Imported here: the detector is slow to import, and most files are UTF-8.
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    guess = best.encoding if best else ""
    high = re.findall(rb"[\x80-\xff]+", sample)
    runs = sum(len(run) >= 2 for run in high) / len(high)
    if guess and DETECTABLE.match(guess) and (runs > 0.5) and _decodes(raw, guess):
        return guess
    fit = [name for name in LETTERS if _decodes(raw, name)]
    return max(fit, key=lambda name: _plausible(sample.decode(name), name))


def _is_cyrillic(sample: bytes, name: str) -> bool:
    """Tell whether a text's high bytes are Cyrillic words, of the letters that are common there."""
    found = re.findall(r"[^\W\d_]*[^\x00-\x7f][^\W\d_]*", sample.decode(name, "replace"))
    found = [word for word in found if len(word) > 1]
    good = sum(bool(_CYRILLIC_WORD.fullmatch(word)) for word in found)
    letters = "".join(found).lower()
    common = sum(letter in COMMON_CYRILLIC for letter in letters)
    return len(letters) > 20 and good > 0.9 * len(found) and common > 0.5 * len(letters)


def _decodes(raw: bytes, name: str) -> bool:
    """Tell whether all bytes are valid in an encoding."""
    try:
        raw.decode(name)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _plausible(text: str, name: str) -> float:
    """Score how well the odd characters fit one language; cp1252 needs the least proof."""
    odd = Counter(
        character
        for before, character in re.findall(r"(.?)([^\x00-\x7f])", text)
        # A capital after a small letter is a sign of the wrong table.
        if not (character.isupper() and before.islower())
    )
    total = len(re.findall(r"[^\x00-\x7f]", text))
    signs = sum(odd[sign] for sign in PUNCTUATION)
    letters = max(sum(odd[a] for a in known + known.upper()) for known in LETTERS[name])
    return (signs + letters) / total + (0.15 if name == "cp1252" else 0.0)
