"""Tables of a project's parts are there when `serve` starts, and when a part is added meanwhile."""

from __future__ import annotations

from pathlib import Path

from tests.support.fixtures import Cli
from tests.support.projects import own_environment
from tests.support.serving import Served
from tests.support.waiting import wait_for

DAY = ("--field", "day:date")


def test_tables_are_there_at_the_start_and_after_a_part_is_added(
    project: Path, shared_project: Path, flaskdash: Cli
) -> None:
    own_environment(project, shared_project)
    flaskdash("add-form", "visits", *DAY)
    served = Served(project, "--port", "0", "--no-open")
    try:
        wait_for(lambda: "Serving" in served.printed(), "the server")
        assert served.get("/visits/")[0] == 200
        flaskdash("add-form", "orders", *DAY)
        wait_for(lambda: served.get("/orders/")[0] == 200, "the second form")
        assert "release failed" not in served.printed()
    finally:
        served.process.terminate()
        served.process.wait(30)


def test_a_migration_that_fails_is_reported_and_the_rest_is_served(
    project: Path, shared_project: Path, flaskdash: Cli
) -> None:
    own_environment(project, shared_project)
    flaskdash("add-database")
    folder = project / "app/blueprints/database/migrations"
    (folder / "wrong.py").write_text(
        "revision = 'wrong'\ndown_revision = 'remarks'\n\n\n"
        "def upgrade():\n    raise ValueError('no such column')\n",
        "utf-8",
    )
    served = Served(project, "--port", "0", "--no-open")
    try:
        wait_for(lambda: "Serving" in served.printed(), "the server")
        assert "flask release failed: ValueError: no such column" in served.printed()
        assert served.get("/up")[0] == 200
    finally:
        served.process.terminate()
        served.process.wait(30)
