"""Write the loader's body: plain pandas code for a table of text, or a sheet."""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from flaskdash.inspect.literals import comment, literal
from flaskdash.inspect.text.compressed import NOT_PACKED, Packed
from flaskdash.inspect.text.lines import NO_TRIM, Trim
from flaskdash.inspect.values import missing
from flaskdash.inspect.values.column_plan import ColumnPlan
from flaskdash.inspect.values.dates import EPOCH_NAMES, EPOCHS, MIDNIGHT, WEBKIT_OFFSET
from flaskdash.inspect.values.numbers import BELOW, EVEN, LAKHS, LIMIT

PER_LINE = 12
WIDTH = 94  # 100, less the indent of a body


@dataclass(frozen=True)
class Stack:
    """The parts that are stacked into one table: files of a folder, members of an archive, sheets.

    `opening` are the statements that open each part as `source`, each inside the one above; they
    need `modules`. It is empty if one call of pandas reads all parts, as a dict by their names.
    `label` is the expression for a part's label, and `column` the column for it; both are "" if the
    names of the parts mean nothing. Other spellings of column names are `aliases` of the first.
    `varying` are the arguments that the loop assigns. With `by_name`, the columns of the parts are
    matched by their names, else by their positions.
    """

    opening: tuple[str, ...] = ()
    source: str = "SOURCE"
    modules: tuple[str, ...] = ()
    label: str = ""
    column: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)
    varying: tuple[str, ...] = ()
    by_name: bool = False

    def names(self) -> list[str]:
        """Return the statement for the other spellings of column names, if there are any."""
        pairs = (f"{literal(old)}: {literal(new)}" for old, new in self.aliases.items())
        return [f"names = {{{', '.join(pairs)}}}"] if self.aliases else []

    def frame(self, layout: Layout) -> str:
        """Return the expression for the rows of a `part`, with its label."""
        result = "part"
        if layout.names_to_text and layout.renames[0] != "names":
            result += ".rename(columns=str)"
        if self.aliases:
            result += ".rename(columns=names)"
        if layout.drop_blank:
            result += '.dropna(how="all")'
        if not self.column:
            return result
        if self.column.isidentifier() and not keyword.iskeyword(self.column):
            return f"{result}.assign({self.column}={self.label})"
        return f"{result}.assign(**{{{literal(self.column)}: {self.label}}})"


@dataclass(frozen=True)
class Layout:
    """Where the table is in its source, and which function of pandas reads it.

    `arguments` come first in the call, and `columns` is the value of usecols. `renames` is how
    names are repaired ("", "strip", "rename" or "names"), and a dict from pandas' names to the repaired
    ones. `names_to_text` tells that a name is a number or a date in the source.

    `stack` tells which parts of the source are stacked. `trim` is applied to the lines of a text
    first, which is read with the arguments `reading`. `slow` tells that only pandas' Python engine
    can split the lines.
    """

    skip: int
    has_header: bool
    function: str = "read_csv"
    arguments: tuple[str, ...] = ()
    packed: Packed = NOT_PACKED
    renames: tuple[str, dict[str, str]] = ("", {})
    names_to_text: bool = False
    footer: int = 0
    long: bool = False
    columns: str = ""
    padded: bool = False
    bad_first: tuple[int, ...] = ()
    shifted: tuple[int, ...] = ()
    drop_blank: bool = False
    stack: Stack | None = None
    slow: bool = False
    trim: Trim = NO_TRIM
    reading: str = ""

    def raw(self, name: str) -> str:
        """Return the name of a column before it is repaired."""
        method, repaired = self.renames
        if method in ("strip", "rename"):
            return next((old for old, new in repaired.items() if new == name), name)
        return name

    def spellings(self, name: str) -> list[str]:
        """Return the names that a column has in the parts of a stack, before they are repaired."""
        raw = self.raw(name)
        aliases = self.stack.aliases if self.stack else {}
        return [raw, *(old for old, new in aliases.items() if new == raw)]


def write(layout: Layout, plans: list[ColumnPlan]) -> str:
    """Return the body of ``load()``: statements that end in ``return df``."""
    label = layout.stack.column if layout.stack else ""
    read = [plan for plan in plans if not label or plan.name != label]
    decimal, thousands = common_marks(read)
    arguments = [
        *layout.arguments,
        *_table_arguments(layout, read),
        *_types(layout, read, decimal, thousands),
        *_gaps(layout, read),
    ]
    if decimal == ",":
        arguments.append('decimal=",",')
    if thousands:
        arguments.append(f"thousands={literal(thousands)},")
    lines = _tidy(layout)
    if layout.drop_blank:
        integers = [plan for plan in read if plan.kind == "integer" and not plan.missing]
        note = "whole numbers, once the blank rows are gone"
        lines += assignments((plan.name, '{c}.astype("int64")', note) for plan in integers)
    lines += conversions(plans, decimal, thousands)
    return "\n".join([*_opening(layout, arguments), *lines, "return df"])


def _opening(layout: Layout, arguments: list[str]) -> list[str]:
    """Return the imports and the statements that read the file, or stack its parts."""
    imports = ["import pandas as pd", ""]
    trim, stack, packed = layout.trim, layout.stack, layout.packed
    source = stack.source if stack else "SOURCE"
    modules = list(stack.modules) if stack else []
    target = "part" if stack else "df"
    opening: list[str] = []
    if trim:
        modules += ["import io", *trim.modules]
        text = f"{source}.read_text({layout.reading})"
        if packed.kind:
            stream = stack.source if stack else "file"
            text = f"io.TextIOWrapper({stream}, {layout.reading}).read()"
        opening = trim.statements(text)
        source = 'io.StringIO("\\n".join(lines))'
    if stack and not stack.opening:
        return [
            *imports,
            *stack.names(),
            *_call("parts", layout.function, source, arguments),
            f"frames = [{stack.frame(layout)} for name, part in parts.items()]",
            "df = pd.concat(frames, ignore_index=True)",
        ]
    by_argument = packed.argument and not trim and layout.function != "read_excel"
    if by_argument:
        arguments = [packed.argument, *arguments]
    reading = _call(target, layout.function, source, arguments)
    if packed.kind and not by_argument and not stack:
        modules += packed.modules
        if trim:
            opening = [packed.opening, *indent(opening)]
        else:
            call = _call(target, layout.function, "file", arguments)
            reading = [packed.opening, *indent(call)]
    needed = [*sorted(set(modules)), ""] if modules else []
    lines = [*opening, *reading]
    if stack:
        lines.append(f"frames.append({stack.frame(layout)})")
        for statement in reversed(stack.opening):
            lines = [statement, *indent(lines)]
        lines = [*stack.names(), "frames = []", *lines, "df = pd.concat(frames, ignore_index=True)"]
    return [*needed, *imports, *lines]


def _call(target: str, function: str, source: str, arguments: list[str]) -> list[str]:
    """Return the call in one line if it fits, else with a line for each argument."""
    short = f"{target} = pd.{function}({' '.join([f'{source},', *arguments]).rstrip(',')})"
    if len(short) < WIDTH and "#" not in short and "{" not in short:
        return [short]
    return [f"{target} = pd.{function}(", f"    {source},", *indent(arguments), ")"]


def indent(lines: Iterable[str]) -> list[str]:
    """Return the lines, indented by four blanks."""
    return [f"    {line}" for line in lines]


def _table_arguments(layout: Layout, plans: list[ColumnPlan]) -> list[str]:
    """Return the arguments for the place of the table."""
    lines = []
    varying = layout.stack.varying if layout.stack else ()
    if broken := (*layout.bad_first, *layout.shifted):
        skipped = [*range(layout.skip), *broken]
        above = "what comes before the table, and " if layout.skip else ""
        lines.append(f"skiprows={skipped},  # {above}broken rows")
    elif layout.skip or "skip" in varying:
        skip = "skip" if "skip" in varying else layout.skip
        lines.append(f"skiprows={skip},  # what comes before the table")
    if not layout.has_header:
        lines.append("header=None,")
        lines.append(f"names={literal([plan.name for plan in plans])},")
    elif layout.renames[0] == "names":
        lines.append("header=0,")
        lines.append(f"names={literal([plan.name for plan in plans])},")
    if "columns" in varying:
        lines.append("usecols=columns,")
    elif layout.columns:
        lines.append(f"usecols={layout.columns}")
    if layout.footer or "footer" in varying:
        footer = "footer" if "footer" in varying else layout.footer
        lines.append(f"skipfooter={footer},  # notes and totals below the table")
        if layout.function == "read_csv":
            lines.append('engine="python",  # only this engine can skip a footer')
    elif layout.slow:
        lines.append('engine="python",  # only this engine splits at several characters')
    if layout.long:
        lines.append('on_bad_lines="warn",  # rows with too many fields are left out, and counted')
    if layout.padded:
        lines.append("skipinitialspace=True,")
    return lines


def _tidy(layout: Layout) -> list[str]:
    """Return the statements that repair names and drop blank rows."""
    method, repaired = layout.renames
    lines = []
    if layout.names_to_text and method != "names" and not layout.stack:
        lines.append('df.columns = df.columns.astype("str")  # names that are numbers or dates')
    if method == "strip":
        lines.append("df.columns = df.columns.str.strip()")
    elif method == "rename":
        pairs = ", ".join(f"{literal(old)}: {literal(new)}" for old, new in repaired.items())
        lines.append(f"df = df.rename(columns={{{pairs}}})")
    if layout.drop_blank and not layout.stack:
        lines.append('df = df.dropna(how="all", ignore_index=True)  # rows of delimiters only')
    return lines


def _types(layout: Layout, plans: list[ColumnPlan], decimal: str, thousands: str) -> list[str]:
    """Return the dtype argument: the text columns that pandas would read as numbers."""
    texts = [p for p in plans if p.kind != "empty" and needs_text(p, decimal, thousands)]
    if not texts:
        return []
    if len(texts) == len(plans):
        return ['dtype="str",']
    reasons = {plan.reason for plan in texts}
    names = [name for plan in texts for name in layout.spellings(plan.name)]
    if len(texts) > PER_LINE or (len(texts) > 4 and reasons == {""}):
        return [f'dtype=dict.fromkeys({literal(names)}, "str"),']
    if reasons == {""}:
        pairs = ", ".join(f'{literal(name)}: "str"' for name in names)
        return [f"dtype={{{pairs}}},"]
    lines = ["dtype={"]
    for plan in texts:
        note = f"  # {plan.reason}" if plan.reason else ""
        lines += [f'    {literal(name)}: "str",{note}' for name in layout.spellings(plan.name)]
    return [*lines, "},"]


def needs_text(plan: ColumnPlan, decimal: str, thousands: str) -> bool:
    """Tell whether a column must be read as text, and converted later if at all."""
    if plan.prepare:
        return True
    if plan.mixed and (
        plan.dating or plan.kind == "text" or (plan.numbers and plan.numbers.affixed)
    ):
        return True
    if plan.kind == "text":
        return plan.numeric_text
    if plan.kind == "date" and plan.dating:
        digits = set(plan.dating.format) <= set("%YmdHMSy.,")
        is_number = plan.dating.kind in (*EPOCHS, "webkit", "excel", "yearweek")
        return digits or is_number or bool(plan.dating.more)
    if plan.kind == "number" and plan.numbers:
        return plan.numbers.long or (
            not plan.numbers.affixed
            and ((plan.decimal or decimal) != decimal or (plan.thousands or thousands) != thousands)
        )
    return False


def _gaps(layout: Layout, plans: list[ColumnPlan]) -> list[str]:
    """Return the arguments for words that mean "no value", and for words that only look so."""
    literal_words = set().union(*(plan.literal_words for plan in plans))
    pandas_gaps = literal_words & missing.PANDAS
    gaps_of = {
        name: plan.gaps for plan in plans if plan.gaps for name in layout.spellings(plan.name)
    }
    all_gaps = set().union(*gaps_of.values())
    general = {
        word for word in all_gaps if word.strip().lower() in missing.ALWAYS or not word.strip()
    }
    if not pandas_gaps:
        special = all_gaps - missing.PANDAS
        if not special:
            return []
        if special <= general:
            return [f"na_values={literal(sorted(special))},"]
        return _gaps_by_column({n: sorted(w - missing.PANDAS) for n, w in gaps_of.items()})
    note = f"  # {min(pandas_gaps)} is a value here" if len(pandas_gaps) == 1 else ""
    lines = [f"keep_default_na=False,{note}"]
    if all_gaps <= general - literal_words:
        return [*lines, f"na_values={literal(['', *sorted(all_gaps)])},"]
    gaps = {
        name: ["", *sorted(plan.gaps)] for plan in plans for name in layout.spellings(plan.name)
    }
    return lines + _gaps_by_column(gaps)


def _gaps_by_column(gaps: dict[str, list[str]]) -> list[str]:
    """Return na_values as a dict from column to words."""
    lines = [f"    {literal(name)}: {literal(words)}," for name, words in gaps.items() if words]
    return ["na_values={", *lines, "},"]


def common_marks(plans: Iterable[ColumnPlan]) -> tuple[str, str]:
    """Return the decimal and thousands marks for read_csv: those of most plain number columns."""
    plain = [plan for plan in plans if plan.numbers and not plan.numbers.affixed]
    marks = [(plan.decimal or ".", plan.thousands) for plan in plain if plan.kind == "number"]
    if not marks:
        return ".", ""
    decimals = [mark for mark, _ in marks]
    decimal = max(sorted(set(decimals)), key=decimals.count)
    # read_csv accepts one byte for thousands; other marks are removed from the text later.
    groups = [group for mark, group in marks if mark == decimal and group and group.isascii()]
    return decimal, max(sorted(set(groups)), key=groups.count) if groups else ""


def conversions(plans: list[ColumnPlan], decimal: str, thousands: str) -> list[str]:
    """Return the statements that turn text into numbers and dates; columns alike share a loop."""
    return assignments(
        (plan.name, *step) for plan in plans for step in _expressions(plan, decimal, thousands)
    )


def assignments(steps: Iterable[tuple[str, str, str]]) -> list[str]:
    """Return a statement for each step: a column's name, an expression over {c}, and a comment.

    The steps of a column stay in their order.
    """
    groups: dict[tuple[int, str, str], list[str]] = {}
    places: Counter[str] = Counter()
    for name, expression, text in steps:
        groups.setdefault((places[name], expression, text), []).append(name)
        places[name] += 1
    lines = []
    for (_, expression, text), names in sorted(groups.items(), key=lambda item: item[0][0]):
        note = f"  # {text}" if text else ""
        if len(names) == 1:
            target = f"df[{literal(names[0])}]"
            line = f"{target} = {expression.replace('{c}', target)}"
            if len(line + note) <= WIDTH:
                line += note
            elif text:
                lines.append(f"# {text[0].upper()}{text[1:]}.")
            lines.append(line)
        else:
            lines.append(f"for column in {literal(names)}:")
            lines.append(f"    df[column] = {expression.replace('{c}', 'df[column]')}{note}")
    return lines


def _expressions(plan: ColumnPlan, decimal: str, thousands: str) -> list[tuple[str, str]]:
    """Return the expressions over a column, {c}, each with a comment."""
    steps = []
    if plan.nul:
        steps.append(('{c}.str.replace("\\x00", "")', "NUL characters"))
    if plan.prepare:
        steps.append((f"{{c}}{plan.prepare}", plan.prepared))
    if plan.kind == "text":
        if plan.padded:
            steps.append(("{c}.str.strip()", ""))
        if plan.cut:
            steps.append((f"{{c}}.str.removesuffix({literal(plan.cut)})", ""))
    elif plan.kind in ("integer", "number"):
        steps += number_steps(plan, needs_text(plan, decimal, thousands))
    elif plan.kind == "date":
        steps += date_steps(plan)
    if plan.fill:
        steps.append(("{c}.ffill()", "cells merged downwards"))
    return steps


def number_steps(plan: ColumnPlan, as_text: bool) -> list[tuple[str, str]]:
    """Return the expression that turns text into numbers."""
    numbers = plan.numbers
    if numbers is None or not (numbers.affixed or as_text):
        return []
    text = "{c}"
    if numbers.duration:
        text = "{c}.str.strip()" if plan.padded else text
        return [(numbers.duration.expression(text), f"durations, in {numbers.unit}")]
    if numbers.long:
        return [('{c}.astype("float64")', "rounded: these have too many digits")]
    if numbers.below_is_zero:
        text += f'.str.strip().str.replace({_pattern(BELOW)}, "0", regex=True)'
    if numbers.limits:
        text += f'.str.strip().str.replace({_pattern(LIMIT)}, "", regex=True)'
    if numbers.debit:
        text += f'.str.strip().str.replace(r"^(.+?){numbers.debit}\\.?$", r"-\\1", regex=True)'
    if numbers.even:
        text += f'.str.replace({_pattern(EVEN)}, "", regex=True)'
    keep = plan.decimal + ("(" if numbers.brackets else "")
    keep += "KMBkmbn" if numbers.scaled else ""
    if set(numbers.unit) & set(f"{keep}-") and not numbers.suffix:
        text += f'.str.replace({literal(numbers.unit)}, "")'
    if numbers.lakhs:
        for words, power in LAKHS.items():
            text += f".str.replace({_pattern(words)}, {literal(power)}, regex=True)"
        keep += "e"
    if numbers.dashes:
        dashes = numbers.dashes.encode("unicode_escape").decode()
        text += f'.str.replace("[{dashes}]", "-", regex=True)'
    if numbers.suffix:
        text += f".str.strip().str.removesuffix({literal(numbers.suffix)})"
        if plan.thousands:
            text += f'.str.replace({literal(plan.thousands)}, "")'
    elif numbers.flags:
        flags = "|".join(map(re.escape, numbers.flags))
        text += f'.str.strip().str.replace({literal(f"({flags})$")}, "", regex=True)'
        if plan.thousands:
            text += f'.str.replace({literal(plan.thousands)}, "")'
    elif numbers.affixed:
        text += f'.str.replace(r"[^0-9{keep}-]", "", regex=True)'
        if numbers.brackets:
            text += '.str.replace("(", "-")'
        if numbers.trailing:
            text += '.str.replace(r"^(.+)-$", r"-\\1", regex=True)'
    elif plan.thousands:
        text += f".str.replace({literal(plan.thousands)}, {literal('')})"
    if plan.decimal == ",":
        text += '.str.replace(",", ".")'
    if numbers.scaled:
        scale = 'replace({"K|k": "e3", "M|m": "e6", "bn|B|b": "e9", "n": ""}, regex=True)'
        return [(f"pd.to_numeric({text}.{scale})", "")]
    note = f"{comment(numbers.unit)} cut off" if numbers.unit else ""
    if numbers.flags:
        flags = ", ".join(flag.strip() for flag in numbers.flags)
        note = f"flags behind numbers ({comment(flags)}) cut off"
    if numbers.trailing:
        note = "the minus comes last"
    if numbers.even:
        note = "no cents"
    if numbers.lakhs:
        note = "lakh and crore"
    if numbers.debit:
        note = f"{numbers.debit} means minus"
    if numbers.limits:
        note = "limits are read as their number"
    if numbers.below_is_zero:
        note = "what is below the limit of detection is 0"
    return [(f"pd.to_numeric({text})", note)]


def _pattern(text: str) -> str:
    """Return a regular expression as Python source, raw if it has a backslash."""
    is_raw = "\\" in text and '"' not in text and text.isprintable()
    return f'r"{text}"' if is_raw else literal(text)


def date_steps(plan: ColumnPlan) -> list[tuple[str, str]]:
    """Return the expression that turns text into dates."""
    dating = plan.dating
    if dating is None:
        # pandas joins a column of dates and one without values as objects.
        return [("pd.to_datetime({c})", "blank in some parts")] if plan.mixed else []
    text = "{c}.str.strip()" if plan.padded else "{c}"
    if dating.rewrites:
        pairs = ", ".join(f"{_pattern(old)}: {_pattern(new)}" for old, new in dating.rewrites)
        text += ".str.lower()" if dating.lower else ""
        text += f".replace({{{pairs}}}, regex=True).str.strip()"
    if dating.kind == "excel":
        days = f'pd.to_datetime(pd.to_numeric({text}), unit="D", origin="1899-12-30")'
        return [(f'{days}.dt.round("s")', "Excel's days since 1900")]
    if dating.kind == "quarter":
        return [(f'pd.PeriodIndex({text}, freq="Q").to_timestamp()', "its first day")]
    if dating.kind == "week":
        return [(f'pd.to_datetime({text} + "-1", format="%GW%V-%u")', "the week's Monday")]
    if dating.kind == "yearweek":
        return [(f'pd.to_datetime({text} + "-1", format="%G%V-%u")', "the week's Monday")]
    if dating.kind == "years":
        return [(f'pd.to_datetime({text}.str[:4], format="%Y")', "the first of the two years")]
    if dating.kind in EPOCHS:
        number = f"pd.to_numeric({text})"
        since = f"{EPOCH_NAMES[dating.kind]} since 1970, UTC"
        return [(f'pd.to_datetime({number}, unit="{dating.kind}")', since)]
    if dating.kind == "webkit":
        number = f"pd.to_numeric({text}) - {WEBKIT_OFFSET}"
        return [(f'pd.to_datetime({number}, unit="us")', "microseconds since 1601, UTC")]
    if dating.midnight:
        hours = f'{text}.str.replace({_pattern(MIDNIGHT)}, "00", regex=True)'
        next_day = (
            f'pd.to_timedelta({text}.str.contains({_pattern(MIDNIGHT)}).astype(float), unit="D")'
        )
        day = f"pd.to_datetime({hours}, format={literal(dating.format)})"
        return [(f"{day} + {next_day}", "hour 24 is the first of the next day")]
    if dating.more:
        first, *more = (
            f'pd.to_datetime({text}, format={literal(form)}, errors="coerce")'
            for form in (dating.format, *dating.more)
        )
        return [(first + "".join(f".fillna({each})" for each in more), "several formats")]
    if dating.offsets:
        names = "|".join(re.escape(zone) for zone, _ in dating.offsets)
        zones = f'{{c}}.str.extract(r"({names})\\s*$", expand=False)'
        hours = ", ".join(f"{literal(zone)}: {offset:g}" for zone, offset in dating.offsets)
        local = f"pd.to_datetime({text}, format={literal(dating.format)})"
        return [(f'{local} - pd.to_timedelta({zones}.map({{{hours}}}), unit="h")', "in UTC")]
    if dating.zoned:
        call = f"pd.to_datetime({text}, format={literal(dating.format)}, utc=True)"
        return [(f"{call}.dt.tz_localize(None)", "in UTC")]
    note = plan.reason
    if not note and dating.evidence:
        note = f"{comment(dating.evidence)} proves {dating.order} first"
    steps = [(f"pd.to_datetime({text}, format={literal(dating.format)})", note)]
    if dating.latest:
        older = f"{{c}}.mask({{c}}.dt.year > {dating.latest}, {{c}} - pd.DateOffset(years=100))"
        steps.append((older, "years of two digits, none of them in the future"))
    return steps
