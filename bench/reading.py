"""Compare the results of `inspect` on the files of a folder with the true facts.

    python bench/reading.py [DIR ...]

The facts are in reading.json, by file name; a MANIFEST*.csv in the folder may have the number of rows.
This prints a table for each folder, with a verdict for each file:

    right            all facts agree
    declined         the file was declined with a reason; right if that is expected
    wrong, but noted a fact differs, and the inspection has notes
    silently wrong   a fact differs, and the inspection has no notes
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


def facts_of(inspection: Inspection) -> dict[str, Any]:
    """Return the facts to compare: a summary of the result.

    `types` has a letter for each column, `total` is the sum of all numbers, `dates` are the first
    and the last day of the first column of dates.
    """
    numbers = inspection.frame.select_dtypes("number")
    dates = inspection.frame.select_dtypes("datetime")
    facts: dict[str, Any] = {
        "rows": inspection.read.rows,
        "types": "".join(LETTERS[column.type] for column in inspection.columns),
        "missing": sum(column.missing for column in inspection.columns),
        "total": f"{float(numbers.sum().sum()):.6g}",
    }
    if dates.shape[1]:
        days = dates.iloc[:, 0].dropna()
        facts["dates"] = [str(days.min())[:10], str(days.max())[:10]]
    return facts


def judge(path: Path, facts: Mapping[str, Any]) -> tuple[str, str]:
    """Return the verdict on a file, and its reason."""
    try:
        inspection = inspect_source(path)
    except FlaskdashError as error:
        reason = error.message.replace(str(path), path.name)
        expected = facts.get("declined")
        return "declined", reason if expected else f"not expected: {reason}"
    if facts.get("declined"):
        return "silently wrong", "it was read, but contains no data"
    actual = facts_of(inspection)
    differ = [
        f"{name} {actual.get(name)}, not {value}"
        for name, value in facts.items()
        if actual.get(name) != value
    ]
    if not differ:
        return "right", ""
    notes = "; ".join((*inspection.notes, inspection.declined))
    has_notes = bool(notes.strip("; "))
    return ("wrong, but noted" if has_notes else "silently wrong"), "; ".join([*differ, notes])


def manifest(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the number of rows by file name, from the folder's manifest."""
    rows: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("MANIFEST*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                if row.get("file") and str(row.get("rows", "")).isdigit():
                    rows[row["file"]] = {"rows": int(row["rows"])}
    return rows


def table(folder: Path, all_facts: Mapping[str, Any]) -> Counter[str]:
    """Print the verdicts on a folder's files; return the number of files by verdict."""
    manifest_facts = manifest(folder)
    files = [
        p for p in sorted(folder.iterdir()) if p.is_file() and not p.name.startswith("MANIFEST")
    ]
    verdicts: Counter[str] = Counter()
    print(f"\n{folder.name}: {len(files)} files\n")
    for path in files:
        facts = {**manifest_facts.get(path.name, {}), **all_facts.get(path.name, {})}
        verdict, reason = judge(path, facts) if facts else ("unknown", "it has no facts to compare")
        verdicts[verdict] += 1
        print(f"  {path.name[:36]:36}  {verdict:15}  {reason[:200]}".rstrip())
    print("\n  " + ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common()))
    return verdicts


def learn(folders: Sequence[Path]) -> None:
    """Write the current results of inspect as facts, for a person to check."""
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
    """Print a table for each folder; return 1 if a file is silently wrong."""
    parser = argparse.ArgumentParser(description="results of inspect, compared with facts")
    parser.add_argument("folders", nargs="*", type=Path, metavar="DIR")
    parser.add_argument("--learn", action="store_true", help="write the current results as facts")
    options = parser.parse_args()
    folders = [folder for folder in options.folders or DEFAULT if folder.is_dir()]
    for folder in options.folders or DEFAULT:
        if folder not in folders:
            print(f"{folder} does not exist, so it is skipped. Run: python bench/reading.py DIR")
    if options.learn:
        learn(folders)
        return 0
    all_facts = json.loads(FACTS.read_text("utf-8"))
    wrong = [table(folder, all_facts)["silently wrong"] for folder in folders]
    return 1 if sum(wrong) else 0


if __name__ == "__main__":
    sys.exit(main())
