"""All parts in one project: its own tests, a day of its users, and removal without a trace."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, expect

from flaskdash.cli import cli
from tests.support.accounts import choose_password, link
from tests.support.projects import (
    add_parts,
    check_own_code,
    copy_project,
    own_environment,
    run,
    snapshot,
)
from tests.support.web import fetch, serving, wait_for_data

ADD = (
    (
        "add-form",
        "visits",
        "--field",
        "day:date:required",
        "--field",
        "guests:integer",
        "--field",
        "scan:file",
    ),
    ("add-form", "--upload", "sales"),
    ("add-auth", "--oidc"),
    ("add-auth", "--passkeys"),
    ("add-auth", "--proxy-header", "X-Forwarded-User"),
    ("add-api",),
    ("add-redis",),
)
REMOVE = (
    "redis",
    "api",
    "sales-upload",
    "visits-form",
    "proxy",
    "passkeys",
    "oidc",
    "auth",
    "database",
)
VISIBLE = '''

def visible(user: object) -> dict[str, str | None] | None:
    """Return the rows that a user may see: those of their region; admins see all."""
    is_admin = user.role == "admin"  # type: ignore[attr-defined]
    return None if is_admin else {"region": user.facts.get("region")}  # type: ignore[attr-defined]
'''


@pytest.fixture(scope="module")
def stocked(shared_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return add_parts(shared_project, tmp_path_factory.mktemp("together") / "shop", *ADD)


def test_its_own_tests_and_checks_pass(shop: Path) -> None:
    check_own_code(shop)


def test_all_of_it_is_removed_without_a_trace(
    shop: Path, stocked: Path, shared_project: Path, tmp_path: Path
) -> None:
    (shop / ".venv").unlink()
    own_environment(shop, stocked)
    for name in REMOVE:
        result = CliRunner().invoke(cli, ["remove", name])
        assert result.exit_code == 0 or "There is no" in result.output, result.output
    before = tmp_path / "before"
    copy_project(shared_project, before)

    def files(root: Path) -> dict[str, bytes]:
        left = {"uv.lock", ".env"}
        return {
            name: content
            for name, content in snapshot(root).items()
            if not {*Path(name).parts} & {".venv", "instance", "__pycache__", *left}
        }

    assert files(shop) == files(before)


@pytest.fixture
def site(shop: Path) -> Iterator[str]:
    loader = shop / "app/loaders/sales.py"
    loader.write_text(loader.read_text("utf-8") + VISIBLE, "utf-8")
    with serving(shop, SECRET_KEY="test", SESSION_COOKIE_SECURE="0") as url:
        wait_for_data(url)
        yield url


def test_a_day_of_its_users(site: str, shop: Path, browser: Browser) -> None:
    """An admin invites an editor, who sees their rows, enters some, and signs out; then sees as them.

    The editor then fails to sign in until they have to wait, and gets a link to a new password.
    """
    flask = ("python", "-m", "flask", "user")
    output = run(shop, *flask, "add", "admin@example.com", "--role", "admin", "--link")
    admin = browser.new_context().new_page()
    choose_password(admin, site + link(output))
    admin.goto(f"{site}/people")
    admin.get_by_label("E-mail address").fill("ann@example.com")
    admin.locator("select[name=role]").first.select_option("editor")
    admin.get_by_role("button", name="Invite").click()
    expect(admin.get_by_text("/links/")).to_be_visible()
    invitation = link(admin.content())
    run(shop, *flask, "facts", "ann@example.com", "region=North")
    ann = browser.new_context().new_page()
    choose_password(ann, site + invitation)

    ann.goto(f"{site}/charts/revenue-by-region")
    assert "North" in ann.content()
    assert "South" not in ann.content()
    csv = ann.request.get(f"{site}/charts/revenue-by-region.csv").text()
    assert len(csv.splitlines()) == 2
    ann.goto(f"{site}/visits/new")
    ann.get_by_label("Day").fill("2026-03-01")
    ann.get_by_label("Guests").fill("12")
    ann.get_by_role("button", name="Save").click()
    expect(ann.get_by_text("Saved.")).to_be_visible()
    assert "1 row," in ann.goto(f"{site}/dashboards/visits").text()  # type: ignore[union-attr]
    # The upload page would show her the rows of others, too.
    assert ann.goto(f"{site}/upload-sales/").status == 403  # type: ignore[union-attr]
    assert admin.goto(f"{site}/upload-sales/").status == 200  # type: ignore[union-attr]

    admin.goto(f"{site}/people")
    admin.get_by_role("button", name="See as").nth(1).click()
    admin.goto(f"{site}/charts/revenue-by-region")
    assert "ann@example.com" in admin.content()
    assert "South" not in admin.content()
    admin.get_by_role("button", name="Stop").click()
    admin.goto(f"{site}/charts/revenue-by-region")
    assert "South" in admin.content()

    ann.goto(f"{site}/account")
    ann.get_by_role("button", name="Sign out everywhere").click()
    ann.goto(f"{site}/visits/")
    assert "/sign-in" in ann.url
    assert fetch(f"{site}/charts/revenue-by-region.csv")[0] == 401

    for _ in range(9):  # each failure after the fifth has to wait twice as long
        ann.goto(f"{site}/sign-in?next=/visits/")
        ann.get_by_label("E-mail address").fill("ann@example.com")
        ann.get_by_label("Password").fill("a wrong password")
        with ann.expect_navigation():
            ann.get_by_role("button", name="Sign in", exact=True).click()
        if "There were too many attempts" in ann.content():
            break
    expect(ann.get_by_text("There were too many attempts")).to_be_visible()
    output = run(shop, *flask, "password", "ann@example.com", "--link")
    choose_password(ann, site + link(output))
    ann.goto(f"{site}/visits/")
    expect(ann.get_by_role("heading", name="Visits")).to_be_visible()
    admin.goto(f"{site}/people")
    for action in ("export", "password reset"):
        expect(admin.get_by_role("cell", name=action, exact=True)).to_be_visible()
