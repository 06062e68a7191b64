"""Compare what `inspect` finds in the files of a folder with what is true of them.

    python bench/reading.py [DIR ...]

What is true stands in reading.json, by file name, and in a MANIFEST*.csv of the folder where it
has one: the number of rows. Prints a table for each folder, with a verdict for each file:

    right            all facts agree
    declined         it was not read, with a reason; right where that is expected
    wrong, but said  a fact differs, and a note of the inspection speaks of it
    silently wrong   a fact differs, and nobody was told
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flaskdash.errors import FlaskdashError
from flaskdash.inspect import Inspection, inspect_source

HERE = Path(__file__).parent
FACTS = HERE / "reading.json"
DEFAULT = (HERE / ".data" / "messy", HERE / ".data" / "open")
LETTERS = {"text": "t", "integer": "i", "number": "n", "boolean": "b", "date": "d", "datetime": "s"}


def facts_of(found: Inspection) -> dict[str, Any]:
    """Return what is compared: rows in the source, and the shape and gist of the result.

    `types` has a letter for each column, `total` is the sum of all numbers, `dates` the first and
    the last day of the first column of dates.
    """
    numbers = found.frame.select_dtypes("number")
    dates = found.frame.select_dtypes("datetime")
    facts: dict[str, Any] = {
        "rows": found.read.rows,
        "types": "".join(LETTERS[column.type] for column in found.columns),
        "missing": sum(column.missing for column in found.columns),
        "total": f"{float(numbers.sum().sum()):.6g}",
    }
    if dates.shape[1]:
        days = dates.iloc[:, 0].dropna()
        facts["dates"] = [str(days.min())[:10], str(days.max())[:10]]
    return facts


def judge(path: Path, facts: Mapping[str, Any]) -> tuple[str, str]:
    """Return the verdict on a file, and why."""
    try:
        found = inspect_source(path)
    except FlaskdashError as error:
        reason = error.message.replace(str(path), path.name)
        expected = facts.get("declined")
        return "declined", reason if expected else f"not expected: {reason}"
    if facts.get("declined"):
        return "silently wrong", "it was read, and holds no data"
    seen = facts_of(found)
    differ = [
        f"{name} {seen.get(name)}, not {value}"
        for name, value in facts.items()
        if seen.get(name) != value
    ]
    if not differ:
        return "right", ""
    notes = "; ".join((*found.notes, found.declined))
    told = bool(notes.strip("; "))
    return ("wrong, but said" if told else "silently wrong"), "; ".join([*differ, notes])


def manifest(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the number of rows of each file that the folder's manifest tells."""
    rows: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("MANIFEST*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                if row.get("file") and str(row.get("rows", "")).isdigit():
                    rows[row["file"]] = {"rows": int(row["rows"])}
    return rows


def table(folder: Path, known: Mapping[str, Any]) -> Counter[str]:
    """Print the verdicts on a folder's files; return how often each was given."""
    said = manifest(folder)
    files = [
        p for p in sorted(folder.iterdir()) if p.is_file() and not p.name.startswith("MANIFEST")
    ]
    verdicts: Counter[str] = Counter()
    print(f"\n{folder.name}: {len(files)} files\n")
    for path in files:
        facts = {**said.get(path.name, {}), **known.get(path.name, {})}
        verdict, why = judge(path, facts) if facts else ("not known", "no facts to compare with")
        verdicts[verdict] += 1
        print(f"  {path.name[:36]:36}  {verdict:15}  {why[:200]}".rstrip())
    print("\n  " + ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common()))
    return verdicts


def learn(folders: Sequence[Path]) -> None:
    """Write down what inspect finds now, to be checked by eye before it is called true."""
    facts = json.loads(FACTS.read_text("utf-8")) if FACTS.exists() else {}
    for folder in folders:
        for path in sorted(folder.iterdir()):
            if path.name.startswith("MANIFEST"):
                continue
            try:
                facts[path.name] = facts_of(inspect_source(path))
            except FlaskdashError:
                facts[path.name] = {"declined": True}
    lines = (f"{json.dumps(name)}: {json.dumps(value)}" for name, value in sorted(facts.items()))
    FACTS.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


def main() -> int:
    """Print a table for each folder; fail if a file was silently read wrong."""
    parser = argparse.ArgumentParser(description="what inspect finds, and what is true")
    parser.add_argument("folders", nargs="*", type=Path, metavar="DIR")
    parser.add_argument("--learn", action="store_true", help="write down what is found now")
    options = parser.parse_args()
    folders = [folder for folder in options.folders or DEFAULT if folder.is_dir()]
    for folder in options.folders or DEFAULT:
        if folder not in folders:
            print(f"{folder} is not there, so it is skipped: python bench/reading.py DIR")
    if options.learn:
        learn(folders)
        return 0
    known = json.loads(FACTS.read_text("utf-8"))
    wrong = [table(folder, known)["silently wrong"] for folder in folders]
    return 1 if sum(wrong) else 0


if __name__ == "__main__":
    sys.exit(main())
