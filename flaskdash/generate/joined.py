"""Join the tables of several loaders, for one chart."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flaskdash.charts.check import check_exists
from flaskdash.charts.joins import Join
from flaskdash.charts.kinds import ADDITIVE, COLUMNS, KINDS, Chart
from flaskdash.errors import FlaskdashError
from flaskdash.generate.sources import unused_name
from flaskdash.inspect import fit
from flaskdash.inspect.fit import Fit, Table
from flaskdash.inspect.model import Inspection, Read
from flaskdash.project import Project, contents, results
from flaskdash.project.results import LoaderTable

Pairs = tuple[tuple[str, str], ...]  # a column of the first loader, and one of another
Ask = Callable[[Sequence[str], str], str]  # shows lines about candidates, and has a default


def load(
    project: Project, names: Sequence[str], join: Sequence[str], ask: Ask | None = None
) -> tuple[LoaderTable, Join, list[str]]:
    """Return the joined table of loaders, how it is joined, and a note about each join.

    `join` has the values of --join. If it is empty, the keys are suggested from the columns; on a
    terminal, `ask` lets the user choose.
    """
    loaders = contents.loaders(project)
    _refuse_live(project, [loaders[name] for name in names if name in loaders])
    tables = [_table(results.load_table(project, name)) for name in names]
    first, *more_tables = tables
    keys = [_keys(first, second, join, ask) for second in more_tables]
    named = _names(first, more_tables, keys)
    joined = _renamed(first, named[first.name])
    repeated: dict[str, str] = {}
    notes = []
    for position, (second, pairs) in enumerate(zip(more_tables, keys, strict=True), 1):
        right = _renamed(second, named[second.name])
        shared = [named[first.name][left_name] for left_name, _ in pairs]
        if position == 1:  # the first table may have a file of all its rows
            each = fit.fit(first, second, pairs)
        else:
            right_names = [right_name for _, right_name in pairs]
            each = fit.fit(joined, second, list(zip(shared, right_names, strict=True)))
        _refuse(first, second, pairs, each)
        notes.append(fit.joined(first.name, second.name, [_name(pair) for pair in pairs], each))
        notes += fit.samples(first, second)
        if each.left_most > 1:
            repeated[second.name] = _repeated(first, second, pairs, each.left_most)
        if each.right_most > 1:
            for table in tables[:position]:
                repeated[table.name] = _repeated(second, table, pairs, each.right_most)
        frame = joined.frame.merge(right.frame.dropna(subset=shared), on=shared)
        joined = Table("", frame, {**right.columns, **joined.columns}, len(frame))
    origins: dict[str, tuple[str, str]] = {}
    for table in tables:
        for column, name in named[table.name].items():
            origins.setdefault(name, (table.name, column))
    name = unused_name("_".join(names), loaders)
    how = Join(name, tuple(names), tuple(keys), origins, repeated)
    return LoaderTable(name, _inspection(joined, origins)), how, notes


def _refuse_live(project: Project, loaders: Iterable[contents.LoaderFile]) -> None:
    for loader in loaders:
        if loader.live:
            raise FlaskdashError(
                f"{loader.name} is asked in its database, which does not have the other data. Set"
                f" LIVE = False in {project.relative(loader.path)} for a snapshot of it, or add the"
                " rows that the chart needs from it as a loader of their own.",
                hint=f"flaskdash add-data {loader.database or 'ADDRESS'} --query SQL --name NAME",
            )


def _table(table: LoaderTable) -> Table:
    """Return a loader's table; raise if all of its rows are needed, and only a sample is there."""
    inspection = table.inspection
    whole = Table(table.name, inspection.frame, table.columns, inspection.total, table.snapshot)
    if whole.is_sample and whole.file is None:
        raise FlaskdashError(
            f"{table.name} has {whole.rows:,} rows and no current snapshot, so flaskdash cannot tell"
            " whether a join would repeat rows. Build the snapshot first.",
            hint=f"flaskdash refresh {table.name}",
        )
    return whole


def _keys(left: Table, right: Table, join: Sequence[str], ask: Ask | None) -> Pairs:
    """Return the keys of two tables: those of --join, or the one sensible set."""
    if join:
        return tuple(_parsed(left, right, join))
    candidates = fit.candidates(left, right)
    keys = fit.suggest(left, right, candidates)
    lines = [f"  {fit.covered(left, right, pair)}" for pair in candidates]
    if ask:
        lines.insert(0, f"Columns that could join {left.name} and {right.name}:")
        answer = ask(lines, ",".join(pair.name for pair in keys))
        return tuple(_parsed(left, right, [answer]))
    if keys:
        return tuple(pair.pair for pair in keys)
    reason = f"No columns of {left.name} and {right.name} are an obvious key. Choose with --join"
    listed = "\n".join([" from:", *lines]) if candidates else "."
    first = candidates[0] if candidates else None
    hint = _option([first.pair]) if first else "--join COLUMN, or --join COLUMN=COLUMN"
    raise FlaskdashError(reason + listed, hint=hint)


def _parsed(left: Table, right: Table, join: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the keys in values of --join: "country,year", "country=Country Name"."""
    for value in join:
        is_name = value in left.columns and value in right.columns
        for part in [value] if is_name else map(str.strip, value.split(",")):
            left_name, _, right_name = (
                (part, "", part) if part in left.columns else part.partition("=")
            )
            pair = left_name.strip(), right_name.strip() or left_name.strip()
            for table, name in zip((left, right), pair, strict=True):
                check_exists(name, table.name, table.columns)
            types = [table.columns[name] for table, name in zip((left, right), pair, strict=True)]
            if fit.family(types[0]) != fit.family(types[1]):
                raise FlaskdashError(
                    f"{_name(pair)} cannot join {left.name} and {right.name}: it is {types[0].type}"
                    f" in {left.name} and {types[1].type} in {right.name}. Convert it in"
                    f" one of the loaders, such as with .astype(str)."
                )
            yield pair


def _name(pair: tuple[str, str]) -> str:
    return pair[0] if pair[0] == pair[1] else "=".join(pair)


def _option(pairs: Iterable[tuple[str, str]]) -> str:
    return f"--join {shlex.quote(','.join(map(_name, pairs)))}"


def _names(
    first: Table, more_tables: Sequence[Table], keys: Sequence[Pairs]
) -> dict[str, dict[str, str]]:
    """Return the names of all columns in the joined rows, by loader and column.

    A key has its name in the first loader. Other columns that several loaders have get the name of
    right_name in front; SQL ignores the case of names.
    """
    own_keys = {second.name: dict[str, str]() for second in (first, *more_tables)}
    for second, pairs in zip(more_tables, keys, strict=True):
        own_keys[second.name] = {right_name: left_name for left_name, right_name in pairs}
    tables = [first, *more_tables]
    free = [(table.name, name) for table in tables for name in table.columns]
    free = [(table, name) for table, name in free if name not in own_keys[table]]
    counts = Counter(name.casefold() for _, name in free)
    named: dict[str, dict[str, str]] = {table.name: {} for table in tables}
    for table, name in free:
        mark = "_" if name.isidentifier() else " "
        renamed = unused_name(f"{table}{mark}{name}", counts)
        named[table][name] = name if counts[name.casefold()] == 1 else renamed
    for table, pairs_by_name in own_keys.items():
        named[table] |= {
            right_name: named[first.name][left_name]
            for right_name, left_name in pairs_by_name.items()
        }
    return named


def _renamed(table: Table, names: Mapping[str, str]) -> Table:
    columns = {
        names[name]: replace(column, name=names[name]) for name, column in table.columns.items()
    }
    return replace(table, frame=table.frame.rename(columns=names), columns=columns)


def _refuse(left: Table, right: Table, pairs: Pairs, each: Fit) -> None:
    """Raise if no rows match, or if rows of both sides would be repeated."""
    if not each.left_matched:
        covered = "; ".join(
            fit.covered(left, right, fit.coverage(left, right, pair)) for pair in pairs
        )
        raise FlaskdashError(
            f"No row of {left.name} has a row of {right.name} with the same"
            f" {fit.by(map(_name, pairs))}. {covered}.",
            hint="flaskdash add-chart --join COLUMN=COLUMN, with other columns",
        )
    if each.multiplies:
        more = fit.more_keys(left, right, pairs, fit.candidates(left, right))
        advice = (
            f"Add {fit.by(pair.name for pair in more)} to --join."
            if more
            else "Add a loader that has one row for each, such as with a groupby, and join that."
        )
        message = fit.multiplied(left.name, right.name, list(map(_name, pairs)), each)
        hint = _option([*pairs, *(pair.pair for pair in more)]) if more else ""
        raise FlaskdashError(f"{message} {advice}", hint=hint)


def _repeated(many: Table, repeated: Table, pairs: Pairs, most: int) -> str:
    names = fit.by(map(_name, pairs))
    return (
        f"{many.name} has up to {most:,} rows with the same {names}, so the join repeats rows of"
        f" {repeated.name}, and a sum counts them up to {most:,} times."
    )


def _inspection(joined: Table, origins: Mapping[str, tuple[str, str]]) -> Inspection:
    frame = joined.frame[list(origins)]
    columns = tuple(
        replace(
            joined.columns[name],
            missing=int(frame[name].isna().sum()),
            distinct=int(frame[name].nunique()),
        )
        for name in origins
    )
    read = Read("parquet", rows=len(frame))
    return Inspection("", read, columns, "", frame, total=len(frame))


def resolve(chart: Chart, join: Join) -> Chart:
    """Return the chart with the names of joined columns: forest.area is forest_area or area."""
    flags = {flag: getattr(chart, flag) for flag in COLUMNS if getattr(chart, flag)}
    resolved: dict[str, Any] = {flag: _resolved(name, join) for flag, name in flags.items()}
    # By a column that several loaders have, the page would filter all of them.
    filters = (name for name in chart.filters if join.columns.get(name, ("", name))[1] == name)
    filters = (_resolved(name, join, is_filter=True) for name in filters)
    return replace(chart, **resolved, filters=tuple(filters), join=join)


def _resolved(name: str, join: Join, *, is_filter: bool = False) -> str:
    by_origin = {f"{loader}.{column}": name for name, (loader, column) in join.columns.items()}
    for loader, pairs in zip(join.loaders[1:], join.keys, strict=True):
        for left_name, right_name in pairs:
            by_origin[f"{loader}.{right_name}"] = by_origin[f"{join.loaders[0]}.{left_name}"]
    if name in join.columns or name in by_origin:
        return by_origin.get(name, name)
    matches = [full for full in by_origin if full.partition(".")[2] == name]
    if len({by_origin[full] for full in matches}) > 1 and not is_filter:
        raise FlaskdashError(
            f"{name!r} is a column of {fit.by(full.partition('.')[0] for full in matches)}. Write"
            " the loader in front of it.",
            hint=f"{matches[0]}, or {matches[1]}",
        )
    return by_origin[matches[0]] if matches else name


def finish(chart: Chart, join: Join) -> Chart:
    """Return the chart with filters by the loaders' own columns; raise if a sum counts rows twice."""
    measures = chart.across or ((chart.y,) if chart.y else ())
    if chart.kind == "histogram" and chart.by and chart.x:
        measures = (chart.x,)
    elif not (KINDS[chart.kind].sums_up and chart.agg in ADDITIVE):
        measures = ()
    for loader in (join.columns[name][0] for name in measures):
        if loader in join.repeated:
            raise FlaskdashError(
                f"{join.repeated[loader]} Join by more columns, or use an aggregate other than"
                f" {', '.join(ADDITIVE)}.",
                hint="--agg max",
            )
    filters = dict.fromkeys(join.columns[name][1] for name in chart.filters)
    return replace(chart, filters=tuple(filters))
