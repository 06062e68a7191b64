"""Make slugs, module names and titles from text; refuse reserved names."""

import keyword
import re
import unicodedata

from flaskdash.errors import FlaskdashError

LONGEST = 60
LONGEST_PROJECT = 48
# Words without meaning at the end of a shortened name.
DANGLING = re.compile(r"(_(a|and|by|for|from|in|of|on|or|over|per|the|to|with))+$")

# Words that DuckDB, PostgreSQL or MySQL reserve, and that are common file names.
SQL_WORDS = frozenset(
    """all alter analyse analyze and any array as asc between both by call case cast check collate
    column constraint create cross cube current database default delete desc describe distinct do
    drop else end except exists false fetch filter for foreign from full function grant group
    grouping groups having if in index inner insert intersect interval into is join key keys largest
    lateral left like limit load lock match merge natural not null of offset on only or order outer
    over partition pivot placing primary qualify range rank references returning right row rows
    select set show similar some summarize symmetric system table then to top trailing true truncate
    union unique unpivot update user using values view when where window with within""".split()
)
WINDOWS_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))]
)
# A project with one of these names would hide a package that it imports.
PACKAGES = frozenset(
    """app brotli duckdb filelock flask flaskdash gunicorn jinja2 mypy numpy pandas pip
    plotly pytest python ruff site test tests uv werkzeug""".split()
)

# File name endings for the format and the compression.
ENDINGS = re.compile(
    r"""(\.(csv|tsv|tab|txt|dat|psv|fwf|jsonl?|ndjson|geojson|xlsx|xlsm|xlsb|xls|ods|parquet|parq|pq
    |db|sqlite|sqlite3))?(\.(gz|bz2|xz|zip|tar|tgz))*$""",
    re.IGNORECASE | re.VERBOSE,
)
# The spelling of acronyms and names that are not plain lower-case words. Without UN and WHO, which are a
# French article and a question in lower case.
SPELLINGS = {
    word.lower(): word
    for word in """AI API APIs AQI ATP BBC BMI CapEx CDC CEO ChatGPT CO2 CPI CRM CSV CTR DNA DuckDB EBITDA eBay
    EEA EPA ESG EU FAA FBI FDA FIFA FX GDP GitHub GitLab GNP GPA GPS GPU HDI HIV HTML HTTP HTTPS IATA IBM ICAO
    ICU ID IMDB IMF iOS iPad iPhone IoT IP IQ ISBN ISO JavaScript JHU JSON KPI KPIs kWh LinkedIn macOS MBA MWh MIT
    MLB MRI MySQL NASA NBA NCAA NFL NHL NHS NOAA NoSQL NYC NYPD NYT OECD OpEx PayPal PDF PM10 PM25 PostgreSQL
    QA RevPAR RGB ROAS ROI SaaS SKU SQL TikTok TSA TV TypeScript UFO UK UNESCO UNICEF URL URLs USA USD
    USGS USDA UV VAT VIP WhatsApp WordPress WTO XML YouTube""".split()
}


def is_utf8(text: str) -> bool:
    """Return whether text can be written as UTF-8; a command line can hold any bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def stem(file: str) -> str:
    """Return a file's name without its endings: API_AG.LND_DS2.csv.gz gives API_AG.LND_DS2."""
    return ENDINGS.sub("", file) or file


def spelled(text: str) -> str:
    """Return text with the words of SPELLINGS in their spelling."""
    return " ".join(SPELLINGS.get(word.lower(), word) for word in text.split())


def capital(text: str) -> str:
    """Return text with a capital first letter, except before a word such as iPhone."""
    return text if re.match("[a-z]{1,2}[A-Z]", text) else text[:1].upper() + text[1:]


def initials(text: str) -> str:
    """Return text with the first word in capitals if it has no vowels: "sp500" gives "SP500".

    This is for file names, which are often in lower case.
    """
    first, space, remainder = text.partition(" ")
    is_acronym = first == "us" or re.fullmatch("[bcdfghjklmnpqrstvwxz]{2,5}[0-9]*", first)
    return (first.upper() if is_acronym else first) + space + remainder


def identifier(text: str, fallback: str) -> str:
    """Return text as the name of a module and of a table: `Sales 2024.csv` gives sales_2024_csv.

    A long name is cut between words. `fallback` ("chart", "data") replaces text without letters,
    and is appended to words that Python, SQL or Windows reserve: class gives class_chart.
    """
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = "_".join(re.findall(r"[a-z0-9]+", ascii_text))
    if len(name) > LONGEST:
        cut = name[: LONGEST + 1].rpartition("_")[0] or name[:LONGEST]
        name = DANGLING.sub("", cut)
    if not name:
        return fallback
    if name[0].isdigit():
        return f"{fallback}_{name}"
    return f"{name}_{fallback}" if is_reserved(name) else name


def is_reserved(name: str) -> bool:
    """Return whether Python, SQL or Windows reserve this word."""
    return (
        keyword.iskeyword(name)
        or keyword.issoftkeyword(name)
        or name in SQL_WORDS
        or name in WINDOWS_DEVICES
    )


def check_project(name: str) -> str:
    """Return a project's name; raise FlaskdashError if it cannot name a folder and a package."""
    reason = _objection(name)
    if reason:
        raise FlaskdashError(
            f"{name!r} cannot be the name of a project: {reason}.",
            hint=f"flaskdash new {suggestion(name)}",
        )
    return name


def _objection(name: str) -> str:
    if "/" in name or "\\" in name or name in {".", ".."}:
        return "it is a path. Change to the folder first, then give a plain name"
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*[A-Za-z0-9]|[A-Za-z]", name):
        return "it must start with a letter, and contain only the letters a-z, digits, - and _"
    if len(name) > LONGEST_PROJECT:
        return f"it is longer than {LONGEST_PROJECT} characters"
    lower = name.lower().replace("-", "_")
    if lower in WINDOWS_DEVICES:
        return "Windows reserves it for a device"
    if keyword.iskeyword(name) or keyword.iskeyword(lower):
        return "Python reserves this word"
    if lower in PACKAGES:
        return "a package that the project needs has this name"
    return ""


def suggestion(name: str) -> str:
    """Return a valid project name that is similar to this one."""
    similar = identifier(name[:LONGEST_PROJECT], "dash").replace("_", "-")
    return f"{similar}-dash" if _objection(similar) else similar


def slug(title: str) -> str:
    """Return the part of a URL for a title, as the generated project does."""
    return "-".join(re.findall(r"\w+", title.lower())) or "dashboard"


def title(name: str) -> str:
    """Return a title for a project's name: my-sales gives My sales, nyc-taxis gives NYC taxis."""
    return capital(initials(spelled(re.sub(r"[-_]+", " ", name))))
