"""Order the values of a category as people expect: age bands, weekdays, answers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flaskdash.inspect.values.months import LANGUAGES

MOST = 31
# Each line is a scale, from its low end. Values may differ in case, and some may be missing.
SCALES = [
    tuple(line.split(", "))
    for line in """\
monday, tuesday, wednesday, thursday, friday, saturday, sunday
mon, tue, wed, thu, fri, sat, sun
mon, tues, wed, thur, fri, sat, sun
january, february, march, april, may, june, july, august, september, october, november, december
jan, feb, mar, apr, may, jun, jul, aug, sep, oct, nov, dec
spring, summer, autumn, winter
spring, summer, fall, winter
q1, q2, q3, q4
never, rarely, sometimes, often, always
never, rarely, sometimes, usually, always
never, seldom, sometimes, often, always
not at all, a little, somewhat, quite a bit, very much
not at all, slightly, moderately, very, extremely
very poor, poor, fair, good, very good, excellent
very bad, bad, ok, good, very good
very easy, somewhat easy, don't know, somewhat difficult, very difficult
poor, fair, good, very good, premium, ideal
very low, low, medium, high, very high
low, medium, high, urgent, critical
low, normal, high, critical
low, middle, high
small, medium, large, extra large
none, low, medium, high
none, mild, moderate, severe
minor, moderate, major, critical
no, maybe, yes
no, don't know, yes
no, not sure, yes
beginner, intermediate, advanced, expert
novice, intermediate, advanced, expert
not at all, not much, some, a lot
none, a little, some, a lot
bronze, silver, gold, platinum, diamond
xxs, xs, s, m, l, xl, xxl, xxxl
first, second, third, fourth
freshman, sophomore, junior, senior
morning, afternoon, evening, night
a+, a, a-, b+, b, b-, c+, c, c-, d+, d, d-, e, f
aaa, aa, a, bbb, bb, b, ccc, cc, c, d
xs, s, m, l, xl, 2xl, 3xl, 4xl, 5xl
nie, selten, manchmal, oft, häufig, immer
jamais, rarement, parfois, souvent, toujours
nunca, rara vez, raramente, a veces, a menudo, siempre
mai, raramente, a volte, spesso, sempre
niedrig, mittel, hoch
faible, moyen, élevé
bajo, medio, alto
basso, medio, alto
month-to-month, one year, two year""".split("\n")
]
# Scales whose steps have several spellings; each step is a pattern.
MONTHS = [months.split() for months in LANGUAGES.values()]
STEPS = [
    line.split(" ")
    for line in """\
mo(ntag)? di(enstag)? mi(ttwoch)? do(nnerstag)? fr(eitag)? sa(mstag)? so(nntag)?
lun(di)? mar(di)? mer(credi)? jeu(di)? ven(dredi)? sam(edi)? dim(anche)?
lun(es)? mar(tes)? mi[eé](rcoles)? jue(ves)? vie(rnes)? s[aá]b(ado)? dom(ingo)?
lun(ed[iì])? mar(ted[iì])? mer(coled[iì])? gio(ved[iì])? ven(erd[iì])? sab(ato)? dom(enica)?
seg(unda)?(-feira)? ter(ça)?(-feira)? qua(rta)?(-feira)? qui(nta)?(-feira)? sex(ta)?(-feira)? s[aá]b(ado)? dom(ingo)?
ma(andag)? di(nsdag)? wo(ensdag)? do(nderdag)? vr(ijdag)? za(terdag)? zo(ndag)?
m[aåä]n(dag)? ti(s|rs)?(dag)? ons(dag)? to(rs)?(dag)? fre(dag)? l[oöø]r(dag)? s[oöø]n(dag)?
pon(iedziałek)? wt(o|orek)? śr(o|oda)? czw(artek)? pi(ą|ątek)? sob(ota)? nie(dziela)?""".split("\n")
]
STEPS.append(
    [
        r"(no|none|less than|below|some)( high)? school.*",
        r"(completed |finished )?high.?school.*|secondary.*|ged",
        "some college.*|vocational.*|trade.*",
        "associate.*",
        "bachelor.*|college (degree|graduate).*|undergraduate.*",
        "master.*|postgraduate.*|graduate.*",
        r"ph\.?d.*|doctor.*",
    ]
)
# Words that say how much: with the core of a value, or with its contrary.
_DEGREES = [
    (re.compile(rf"(?<!\w)(?:{pattern})(?!\w)"), score)
    for pattern, score in (
        (
            "not at all|(?:gar|überhaupt) nicht|pas du tout|para nada|per (?:niente|nulla)|helemaal niet|inte alls|совсем не",
            -3,
        ),
        (
            "not (?:very|so|really)|nicht (?:sehr|so)|pas (?:très|vraiment)|no muy|non molto|niet (?:zo|erg)",
            -1,
        ),
        (
            "strongly|very|extremely|completely|totally|fully|highly|voll und ganz|sehr|voll|völlig|äußerst"
            "|tout à fait|très|totalmente|muy|molto|muito|zeer|helemaal|helt|mycket|zdecydowanie|bardzo|полностью|очень|совершенно",
            3,
        ),
        (
            "somewhat|slightly|rather|fairly|mostly|eher|etwas|plutôt|algo|piuttosto|abbastanza|um pouco"
            "|enigszins|ganska|raczej|скорее",
            1,
        ),
    )
]
_NOT = re.compile(r"(?<!\w)(not|nicht|pas|no|non|não|niet|inte|nie|не)(?!\w)")
_CONTRARY = re.compile("dis|des|un|in|im|on|miss|nie")
_MIDDLE = re.compile(
    r"neutr\w+|undecided|unentschieden|teils\W+teils|mixed|(neither|weder|ni|né|nem|noch) .*"
)
MIN_MONTHS = 4  # three names that begin like months may be persons
_QUARTER = re.compile(
    r"(?:fy)?\s*+(?P<before>\d{4}|\d\d)?\W*+(?:[qt](?P<number>[1-4])|(?P<leading>[1-4])[qt])"
    r"\W*+(?:fy)?\s*+(?P<after>\d{4}|\d\d)?",
    re.IGNORECASE,
)
# What stands beside any scale, in the words of surveys.
_NO_ANSWER = re.compile(
    r"(i )?(would )?(prefer|rather) not( to)? (say|answer|disclose)|(i )?don.?t know|not sure|unsure|unknown"
    r"|undisclosed|refused|no (answer|opinion|response)|not (applicable|stated|specified|answered)|n/?a|other"
    r"|keine (angabe|antwort)|wei(ß|ss) nicht|k\. ?a\.|sonstiges|(ne )?(sait|sais|se prononce) pas|sans (réponse|avis)|autre"
    r"|no (sabe|contesta|responde)|ns/nc|otro|non (so|risponde)|altro|não sei|outro|weet niet|anders|затрудняюсь.*",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d++(?:[,\u202f]\d{3})*+(?:\.\d++)?")
_LABELLED = re.compile(r"(?P<number>\d{1,2})(?P<label>[\s.:=)(\u2013-]+[^\W\d].*)?", re.DOTALL)
_BAND = re.compile(
    r"\s*+(?P<below>under|below|less than|up to|fewer than|<=?|≤)?\s*+(?:age[sd]?\s*+)?[$€£]?\s*+(?P<low>NUM)\s*+[km%]?"
    r"\s*+(?:(?:-|\u2013|\u2014|to|and|bis|à|\.\.)\s*+(?:under|below|less than|<)?\s*+[$€£]?\s*+(?P<high>NUM)\s*+[km%]?)?"
    r"\s*+(?P<above>\+|plus|or (?:more|over|older|above)|and (?:more|over|older|above|up))?"
    r"\s*+[^\W\d]*+[\s.]*+(?P<more>\+)?[^\W\d]*+\s*+".replace("NUM", _NUMBER.pattern),
    re.IGNORECASE,
)
_ABOVE = re.compile(
    r"\s*+(?:over|above|more than|>=?|≥)\s*+[$€£]?\s*+(?P<low>NUM).*".replace(
        "NUM", _NUMBER.pattern
    ),
    re.I,
)


def ordered(values: Sequence[str]) -> tuple[str, ...]:
    """Return the values in their natural order, or () if they have none; no answer comes last."""
    if not 2 < len(values) <= MOST:
        return ()
    silent = [value for value in values if _NO_ANSWER.fullmatch(value.strip())]
    answers = [value for value in values if value not in silent]
    order = _ordered(values)
    if not order and silent and len(answers) > 2 and (order := _ordered(answers)):
        order = (*order, *silent)
    return order


def _ordered(values: Sequence[str]) -> tuple[str, ...]:
    rules = (_by_scale, _by_degree, _by_steps, _by_quarter, _by_band, _by_number)
    return next((order for rule in rules if (order := rule(values))), ())


def _by_scale(values: Sequence[str]) -> tuple[str, ...]:
    """Return the values in the order of a scale that has them all, or ()."""
    by_step = {value.strip().lower().replace("\u2019", "'"): value for value in values}
    for scale in SCALES:
        if by_step.keys() <= set(scale) and len(by_step) == len(values):
            return tuple(by_step[step] for step in scale if step in by_step)
    return ()


def _by_degree(values: Sequence[str]) -> tuple[str, ...]:
    """Return the degrees of one thing in their order: very unlikely, unlikely, neutral, likely."""
    scores: dict[str, int] = {}
    cores: dict[str, str] = {}
    for value in values:
        text = " ".join(value.lower().replace("\u2019", "'").split())
        scores[value] = 0
        if not _MIDDLE.fullmatch(text):
            scores[value], cores[value] = _degree(text)
    positive = min(cores.values(), key=len, default="")
    for value, core in cores.items():
        if core != positive:
            if not core.endswith(positive) or not _CONTRARY.fullmatch(core.removesuffix(positive)):
                return ()
            scores[value] *= -1
    if len(cores) < 2 or len(positive) < 3 or len(set(scores.values())) < len(values):
        return ()
    return tuple(sorted(values, key=lambda value: scores[value]))


def _degree(text: str) -> tuple[int, str]:
    """Return how much a value says, from -3 to 3, and of what."""
    degree = 2
    for pattern, score in _DEGREES:
        text, count = pattern.subn(" ", text)
        if count:
            degree = score
            break
    text, negations = _NOT.subn(" ", text)
    core = re.sub(r"^(de|en) |^d'", "", " ".join(text.split()))
    return (-degree if negations else degree), core


def _by_steps(values: Sequence[str]) -> tuple[str, ...]:
    """Return months, weekdays or degrees in their order, with numbers before them or not."""
    texts = {value: re.sub(r"^[\W\d]+|\.$", "", value.strip()).lower() for value in values}
    scales = [[f"{start}[^\\W\\d_]{{,7}}" for start in months] for months in MONTHS]
    for patterns in (*(scales if len(values) >= MIN_MONTHS else ()), *STEPS):
        steps: dict[int, str] = {}
        for value, text in texts.items():
            matching = (n for n, step in enumerate(patterns) if re.fullmatch(step, text))
            step = next(matching, None)
            if step is None or step in steps:
                break
            steps[step] = value
        else:
            return tuple(steps[step] for step in sorted(steps))
    return ()


def _by_quarter(values: Sequence[str]) -> tuple[str, ...]:
    """Return quarters in their order: Q1 2023, 2023-Q2, FY24 Q1, 3Q23, T1 2024."""
    matches = {value: _QUARTER.fullmatch(value.strip()) for value in values}
    keys = {
        value: (int(match["before"] or match["after"] or 0), match["number"] or match["leading"])
        for value, match in matches.items()
        if match and (match["before"] or match["after"])
    }
    if len(set(keys.values())) < len(values):
        return ()
    return tuple(sorted(values, key=keys.__getitem__))


def _by_number(values: Sequence[str]) -> tuple[str, ...]:
    """Return labels by the numbers before them: 1 - Strongly disagree, 2, 3, 4, 5 (Very much)."""
    numbers = {value: _LABELLED.fullmatch(value.strip()) for value in values}
    ranks = {value: int(match["number"]) for value, match in numbers.items() if match}
    is_labelled = any(match["label"] for match in numbers.values() if match)
    if not is_labelled or len(set(ranks.values())) < len(values):
        return ()
    return tuple(sorted(values, key=ranks.__getitem__))


def _by_band(values: Sequence[str]) -> tuple[str, ...]:
    """Return bands of numbers in order of their low ends, or (): under 18, 18-24, 25-34, 65+."""
    bands: list[tuple[float, float, str]] = []
    ranges = 0
    for value in values:
        band = _band(value)
        if band is None:
            return ()
        low, form = band
        bands.append((low, form, value))
        ranges += form != 0
    if ranges < 2 or len({band[:2] for band in bands}) < len(bands):
        return ()
    return tuple(value for _, _, value in sorted(bands))


def _band(value: str) -> tuple[float, float] | None:
    """Return the low end of a band and its form: -1 below, 0 a number, 1 a range, 2 above."""
    if above := _ABOVE.fullmatch(value):
        return _number(above["low"]), 2
    match = _BAND.fullmatch(value)
    if match is None:
        return None
    low = _number(match["low"])
    if match["below"]:
        return low, -1
    if match["above"] or match["more"]:
        return low, 2
    return low, 1 if match["high"] else 0


def _number(text: str) -> float:
    return float(text.replace(",", "").replace("\u202f", ""))
