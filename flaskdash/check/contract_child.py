"""Print the names of the contract that are missing from a project, in the project's Python.

Standard input is a JSON list of [owner, name]. The last line of the output is the JSON list of
the missing ones. If a project has no owner of a kind, such as a chart, no name is missing.
"""

import importlib
import json
import secrets
import sys
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from typing import Any


def main() -> None:
    """Create the app, and print the missing names."""
    sys.path.insert(0, ".")
    names = [tuple(pair) for pair in json.load(sys.stdin)]
    package = importlib.import_module("app")
    app = None
    if hasattr(package, "create_app"):
        app = package.create_app(SECRET_KEY=secrets.token_hex())
    print(json.dumps([pair for pair in names if not has(package, app, *pair)]))


def has(package: Any, app: Any, owner: str, name: str) -> bool:
    """Return whether all owners of a kind have the name."""
    if (owner, name) == ("app", "create_app"):
        return app is not None
    if app is None:
        return True  # only report the missing create_app
    if (owner, name) == ("app", "engine"):
        return "engine" in app.extensions
    if owner == "config":
        return name in app.config
    if owner == "route":
        return any(rule.rule == name for rule in app.url_map.iter_rules())
    return all(_has(value, name) for value in _owners(app, owner))


def _owners(app: Any, owner: str) -> Iterable[Any]:
    engine = app.extensions.get("engine")
    if engine is None:
        return []
    if owner == "engine":
        return [engine]
    if owner == "cache":
        return [engine.cache] if hasattr(engine, "cache") else []
    if owner == "chart":
        return getattr(engine, "charts", {}).values()
    return getattr(engine, "data", {}).values()


def _has(value: Any, name: str) -> bool:
    if is_dataclass(value):  # dataclasses.replace() is used on charts
        return name in {field.name for field in fields(value)} or hasattr(value, name)
    return hasattr(value, name)


if __name__ == "__main__":
    main()
