"""Projects with forms and uploads: their own tests, a browser, two people, and hostile files."""

from __future__ import annotations

import gzip
import io
import re
import shutil
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from flaskdash.check.boots import boots
from flaskdash.deploy.static import StaticFiles
from flaskdash.project import Project
from tests.support.forms import ADD_FORMS
from tests.support.projects import add_parts, check_own_code, inside, keep_one_chart, run
from tests.support.waiting import wait_for
from tests.support.web import Watched, fetch


@pytest.fixture(scope="module")
def stocked(shared_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with a form of each type of field, another form, and an upload."""
    root = tmp_path_factory.mktemp("forms") / "shop"
    add_parts(shared_project, root, *ADD_FORMS, ("add-form", "--upload", "sales"))
    shutil.copy(shared_project / ".env", root)
    return root


def test_its_own_tests_and_checks_pass(shop: Path) -> None:
    names = ["orders", "scans", "upload_sales", "database", "app"]
    check_own_code(shop, *(f"tests/test_{name}.py" for name in names))


def test_a_static_copy_has_no_forms(shop: Path) -> None:
    keep_one_chart(shop, "orders_chart", "[]")
    run(shop, "flask", "db", "upgrade")
    folder = shop / "dist/static"
    StaticFiles(Project.find(shop), folder, "first").run(print)
    pages = [page.read_text("utf-8") for page in folder.rglob("*.html")]
    assert any("Orders" in page for page in pages)
    assert not any("Orders form" in page or "/new" in page for page in pages)


def test_an_empty_table_passes_the_preflight(shop: Path) -> None:
    (shop / ".env").write_text("SECRET_KEY=test\n", "utf-8")
    assert list(boots(Project.find(shop))) == []


def test_a_row_is_charted_at_once(site: str, watched: Watched) -> None:
    page = watched.page
    page.goto(f"{site}/dashboards/orders")
    expect(page.get_by_text("No data")).to_be_visible()
    page.get_by_role("link", name="Orders form").click()
    page.get_by_role("link", name="New order").click()
    page.get_by_label("Customer").fill('<img src=x onerror=alert(1)> "Ann"')
    page.get_by_label("Quantity").fill("3")
    page.get_by_label("Amount").fill("19.90")
    page.get_by_label("Date").fill("2026-03-05")
    page.get_by_label("Region").select_option(index=3)
    page.get_by_label("Receipt").set_input_files(
        {"name": "a.pdf", "mimeType": "text/html", "buffer": b"%PDF-1.7"}
    )
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_have_text("Saved.")
    expect(page.get_by_role("cell", name="<img src=x")).to_be_visible()
    page.goto(f"{site}/charts/orders-chart")
    expect(page.get_by_role("cell", name="2026-03-05")).to_be_visible()
    expect(page.get_by_role("cell", name="19.9")).to_be_visible()


def test_two_people_change_a_row_without_javascript(site: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    ann, bob = context.new_page(), context.new_page()
    ann.goto(f"{site}/orders/new")
    for label, text in (("Customer", "first"), ("Quantity", "1"), ("Amount", "2")):
        ann.get_by_label(label).fill(text)
    ann.get_by_label("Region").select_option("North")
    ann.get_by_role("button", name="Save").click()
    for page in (ann, bob):
        page.goto(f"{site}/orders/")
        page.get_by_role("link", name="Change row").click()
    for page, name in ((ann, "by Ann"), (bob, "by Bob")):
        page.get_by_label("Customer").fill(name)
        page.get_by_role("button", name="Save").click()
    expect(bob.get_by_text("Nothing is saved yet")).to_be_visible()
    expect(bob.get_by_text("Saved by somebody else: by Ann")).to_be_visible()
    expect(bob.get_by_label("Customer")).to_have_value("by Bob")
    bob.get_by_role("button", name="Save").click()
    expect(bob.get_by_role("cell", name="by Bob")).to_be_visible()
    bob.get_by_role("link", name="Delete row").click()
    bob.get_by_role("button", name="Delete").click()
    expect(bob.get_by_text("No rows yet.")).to_be_visible()
    context.close()


def archive(megabytes: int) -> bytes:
    """Return a ZIP file that becomes as many megabytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/workbook.xml", b"\0" * megabytes * 2**20)
    return packed.getvalue()


def test_an_upload_goes_live_and_back(shop: Path, site: str, watched: Watched) -> None:
    page, source = watched.page, shop / "data/sales.csv"
    before = source.read_bytes()
    header, row = before.splitlines()[:2]
    page.goto(f"{site}/upload-sales/")
    page.get_by_label("are added to it").check()
    added = {"name": "x.csv", "mimeType": "text/csv", "buffer": header + b"\n" + row + b"\n"}
    page.get_by_label("File like").set_input_files(added)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("(+1)")).to_be_visible()
    assert source.read_bytes() == before
    page.get_by_role("button", name="Make it live").click()
    expect(page.get_by_text("The new data is live.")).to_be_visible()
    count = f"{len(before.splitlines())} rows"
    wait_for(lambda: count in fetch(f"{site}/")[1].decode(), "the new row on the dashboard")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("The former data is live again.")).to_be_visible()
    assert source.read_bytes() == before


def test_a_new_release_has_the_uploaded_file(shop: Path) -> None:
    source = shop / "data/sales.csv"
    shipped = source.read_bytes()
    uploaded = shipped.splitlines(keepends=True)[:9]
    code = f"""
import io
from werkzeug.datastructures import FileStorage
from app import create_app
from app.blueprints.upload_sales.views import uploads
app = create_app(SECRET_KEY="test")
with app.app_context():
    token = uploads().stage(FileStorage(io.BytesIO({b"".join(uploaded)!r})), is_added=False)
    uploads().go_live(token)
"""
    run(shop, "python", "-W", "error", "-c", code)
    assert source.read_bytes() == b"".join(uploaded)
    source.write_bytes(shipped)  # as a new release brings it
    release = "from app import create_app; create_app(SECRET_KEY='x').test_cli_runner().invoke"
    release += "(args=['release'], catch_exceptions=False)"
    run(shop, "python", "-c", release)
    assert source.read_bytes() == b"".join(uploaded)
    source.write_bytes(newer := shipped + shipped.splitlines()[1] + b"\n")
    run(shop, "python", "-c", release)
    assert source.read_bytes() == newer


CONTENT = """
from pathlib import Path
from app.blueprints._content import Rejected, append, check
for name in {names!r}:
    try:
        check(Path({folder!r}) / name)
        print(name, "accepted")
    except Rejected as error:
        print(name, error)
"""


def test_content_of_uploads(shop: Path, tmp_path: Path) -> None:
    """Files that are not what they seem are refused, in words, without being unpacked."""
    contents = {
        "bomb.xlsx": archive(300),
        "good.xlsx": archive(0),
        "bomb.csv.gz": gzip.compress(b"\0" * 300 * 2**20),
        "good.csv.gz": gzip.compress(b"a,b\n1,2\n"),
        "cut.csv.gz": b"\x1f\x8b\x08damaged",
        "text.xlsx": b"a,b\n1,2\n",
        "zip.csv": archive(0),
        "empty.csv": b"",
        "large.csv": b"x" * (15 * 2**20 + 1),
        "cut.xlsx": b"PK\x03\x04 damaged",
        "good.csv": b"a,b\n1,2\n",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    output = run(shop, "python", "-c", CONTENT.format(names=[*contents], folder=str(tmp_path)))
    answers = dict(line.split(" ", 1) for line in output.splitlines())
    accepted = {name for name, answer in answers.items() if answer == "accepted"}
    assert accepted == {name for name in contents if name.startswith("good")}
    assert "too large" in answers["bomb.xlsx"]
    assert "too large" in answers["bomb.csv.gz"]
    assert "empty" in answers["empty.csv"]
    assert "larger than 15 MB" in answers["large.csv"]
    assert "damaged" in answers["cut.xlsx"]
    assert "damaged" in answers["cut.csv.gz"]
    assert all(re.search("content is that of a", answers[n]) for n in ("text.xlsx", "zip.csv"))


def test_pages_with_all_rows_are_kept_from_those_who_may_see_some(shop: Path) -> None:
    """visible(user) of the loader holds for the form's own pages: a new row may be entered."""
    loader = shop / "app/loaders/orders.py"
    visible = (
        "\n\ndef visible(user: object) -> dict[str, str]:\n    return {'customer': str(user)}\n"
    )
    loader.write_text(loader.read_text("utf-8") + visible, "utf-8")
    code = """
    from app.engine.visitor import Visitor
    flask_app.test_cli_runner().invoke(args=["release"])
    flask_app.extensions["visitor"] = lambda: Visitor(frozenset({"editor"}), "Ann")
    for path in ("/", "/1", "/1/delete", "/1/receipt", "/new"):
        print(get("/orders" + path).status_code)
    """
    printed = inside(shop, code)
    assert printed.split()[:5] == ["403", "403", "403", "403", "200"]


def test_two_uploads_at_once(shop: Path) -> None:
    """While a file is read, another upload may go live twice, and delete the snapshot before it."""
    code = """
    import re
    from io import BytesIO
    from pathlib import Path
    flask_app.test_cli_runner().invoke(args=["release"])
    data["sales"].build()
    read = app.engine.snapshots.reader.read
    def read_meanwhile(loader, folder, path, state, *source):
        data["sales"].build(force=True)
        data["sales"].build(force=True)
        path.write_bytes((flask_app.config["INSTANCE"] / data["sales"].build().file).read_bytes())
        return data["sales"].build().to_json()
    app.engine.snapshots.reader.read = read_meanwhile
    token = re.findall('name="csrf_token" value="([^"]+)"', get("/upload-sales/").text)[0]
    file = BytesIO(Path("data/sales.csv").read_bytes()), "sales.csv"
    print(client.post("/upload-sales/", data={"csrf_token": token, "file": file}).status_code)
    """
    assert "303" in inside(shop, code).split()


def test_others_write_while_a_loader_reads_the_table(shop: Path) -> None:
    """A row that is saved rebuilds the snapshot: that reads, and must not lock the database."""
    code = """
    import sqlalchemy as sa
    from app.blueprints.database import connect, db
    flask_app.test_cli_runner().invoke(args=["release"])
    with flask_app.test_request_context(method="POST"), connect() as reading:
        reading.execute(sa.text("SELECT count(*) FROM orders"))
        db.session.execute(sa.text("DELETE FROM orders"))
        db.session.commit()
    print("written")
    """
    assert "written" in inside(shop, code).split()
