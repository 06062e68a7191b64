"""`flaskdash new`: the files that it creates, its errors, and that it creates all or nothing."""

from __future__ import annotations

import errno
import os
import random
import signal
import stat
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from flaskdash.generate import new, render, sources
from tests.support.data import sales_csv
from tests.support.fixtures import Cli, Write
from tests.support.waiting import need, wait_for

# The files that `new` creates, without loaders and charts.
SKELETON = {
    ".github/workflows/ci.yml",
    ".dockerignore .env .env.example .gitignore .python-version AGENTS.md Dockerfile Procfile",
    "README.md gunicorn.conf.py pyproject.toml tests/conftest.py tests/test_app.py",
    "app/__init__.py app/config.py app/downloads.py app/health.py app/helpers.py app/pages.py",
    "app/blueprints/__init__.py app/charts/__init__.py app/loaders/__init__.py",
    "app/engine/README.md app/engine/__init__.py app/engine/cache.py app/engine/connection.py",
    "app/engine/bundles.py app/engine/controls.py app/engine/defaults.py app/engine/discovery.py",
    "app/engine/engine.py app/engine/figures.py app/engine/filters.py app/engine/grain.py",
    "app/engine/models.py app/engine/narrow.py app/engine/page.py app/engine/query.py",
    "app/engine/reader.py",
    "app/engine/respond.py app/engine/rights.py app/engine/snapshots.py app/engine/tables.py",
    "app/engine/visitor.py",
    "app/engine/static/cards.css app/engine/static/download.js app/engine/static/figures.js",
    "app/engine/static/filters.css app/engine/static/filters.js app/engine/static/labels.js",
    "app/engine/static/look.js app/engine/static/page.js app/engine/static/pages.css",
    "app/engine/static/points.js app/engine/static/print.css app/engine/static/tables.css",
    "app/engine/static/tables.js app/engine/static/update.js",
    "app/engine/templates/engine/_chart.html app/engine/templates/engine/_choices.html",
    "app/engine/templates/engine/_filters.html app/engine/templates/engine/_head.html",
    "app/static/icon.svg app/static/style.css app/static/theme.css",
    "app/static/vendor/plotly-LICENSE.txt app/static/vendor/plotly-basic.min.js",
    "app/static/vendor/plotly-basic.min.js.br",
    "app/templates/base.html app/templates/chart.html app/templates/dashboard.html",
    "app/templates/error.html",
}


def listing(root: Path) -> set[str]:
    return {str(path) for path in render.files(root) if path.parts[0] != ".flaskdash"}


def test_writes_exactly_these_files(folder: Path, sales: Path, flaskdash: Cli) -> None:
    result = flaskdash("new", "shop", "--data", sales, "--charts", 0, "--no-install", "--no-git")
    expected = {path for line in SKELETON for path in line.split()}
    expected |= {"data/sales.csv", "app/loaders/sales.py"}
    assert listing(folder / "shop") == expected
    created = {
        line.split("shop/")[1] for line in result.output.splitlines() if line.startswith("create")
    }
    assert created == expected
    assert "cd shop" in result.output
    assert os.listdir(folder) == ["shop"]


def test_the_owners_part_stays_small(made: Path) -> None:
    parts = (made / path for path in render.files(made))
    ignored = {"engine", "vendor", "tests", "data", "instance", ".flaskdash", "__pycache__"}
    owners = [
        path
        for path in parts
        if not ignored & {*path.parts} and path.name not in {"uv.lock", ".env"}
    ]
    lines = {path: len(path.read_text("utf-8").splitlines()) for path in owners}
    generated = [path for path in owners if path.parent.name in {"charts", "loaders"}]
    assert max(lines.values()) <= 250
    assert sum(count for path, count in lines.items() if path not in generated) <= 1_134


def test_the_engine_stays_small() -> None:
    parts = ("project", "plotly")
    engines = [render.TEMPLATES / part / "{{cookiecutter.folder}}/app/engine" for part in parts]
    paths = [path for engine in engines for path in engine.rglob("*.*") if path.is_file()]
    files = [path for path in paths if path.parent.name != "__pycache__"]
    lines = {path: len(path.read_text("utf-8").splitlines()) for path in files}
    assert {"query.py", "filters.js", "more.js", "pages.css"} <= {path.name for path in files}
    assert max(lines.values()) <= 250
    for suffix, most in {".py": 2_503, ".js": 966, ".css": 762, ".md": 31}.items():
        assert sum(count for path, count in lines.items() if path.suffix == suffix) <= most, suffix


def test_makes_charts_kpis_and_filters(made: Path, flaskdash: Cli) -> None:
    charts = sorted(path.stem for path in (made / "app/charts").glob("[!_]*.py"))
    assert len([name for name in charts if not name.startswith("total")]) >= 6
    assert any(name.startswith("total_") for name in charts)
    text = (made / "app/charts/total_revenue.py").read_text("utf-8")
    assert "SELECT sum(revenue) AS revenue\nFROM sales" in text
    assert '"region"' in text


def test_uses_the_sample_without_data(folder: Path, flaskdash: Cli) -> None:
    flaskdash("new", "shop", "--no-install", "--no-git", "--title", "A <b>\n title")
    settings = tomllib.loads((folder / "shop/pyproject.toml").read_text("utf-8"))
    assert settings["tool"]["flaskdash"]["title"] == "A <b> title"
    assert (folder / "shop/data/flights.csv").read_bytes() == new.SAMPLE.read_bytes()


def test_several_sources_share_the_charts(folder: Path, sales: Path, flaskdash: Cli) -> None:
    costs = sales.with_name("costs.csv")
    costs.write_text(sales_csv(200), "utf-8")
    same = sales.parent / "again" / "sales.csv"
    same.parent.mkdir()
    same.write_text(sales_csv(100), "utf-8")
    sources = [arg for path in (sales, costs, same) for arg in ("--data", path)]
    flaskdash("new", "shop", *sources, "--charts", 4, "--no-install", "--no-git")
    assert listing(folder / "shop") >= {
        f"{place}/{name}.{end}"
        for name in ("sales", "costs", "sales_2")
        for place, end in (("app/loaders", "py"), ("data", "csv"))
    }
    text = (folder / "shop/app/loaders/sales_2.py").read_text("utf-8")
    assert '"sales_2.csv"' in text


def test_secret_key_is_private_and_differs_between_projects(
    folder: Path, sales: Path, flaskdash: Cli
) -> None:
    keys = set()
    for name in ("one", "two"):
        flaskdash("new", name, "--data", sales, "--no-install", "--no-git")
        file = folder / name / ".env"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        keys.add(file.read_text("utf-8"))
    assert len(keys) == 2


def test_dry_run_writes_nothing(folder: Path, sales: Path, flaskdash: Cli) -> None:
    result = flaskdash("new", "shop", "--data", sales, "--dry-run")
    assert "create    shop/app/loaders/sales.py" in result.output
    assert "Nothing was written" in result.output
    assert os.listdir(folder) == []


def test_git_has_one_commit_without_secrets(
    folder: Path, sales: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("git")
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "ada@example.org")
    flaskdash("new", "shop", "--data", sales, "--no-install")

    def git(*args: str) -> str:
        done = subprocess.run(
            ["git", *args], cwd=folder / "shop", check=True, capture_output=True, text=True
        )
        return done.stdout

    assert len(git("log", "--oneline").splitlines()) == 1
    tracked = git("ls-files").splitlines()
    assert "data/sales.csv" in tracked
    assert ".env" not in tracked
    assert git("status", "--porcelain") == ""
    # Inside a repository, a project does not get its own.
    (folder / "shop" / "inner").mkdir()
    monkeypatch.chdir(folder / "shop" / "inner")
    result = flaskdash("new", "shop2", "--data", sales, "--no-install")
    assert "is in a git repository" in result.output
    assert not Path("shop2/.git").exists()


@pytest.mark.parametrize("name", ["../x", "con", "class", "9lives", "pandas", "a b"])
def test_refuses_a_name(folder: Path, sales: Path, flaskdash: Cli, name: str) -> None:
    result = flaskdash("new", name, "--data", sales, code=1)
    assert f"{name!r} cannot be the name of a project" in result.output
    assert os.listdir(folder) == []


def test_refuses_an_existing_target(folder: Path, sales: Path, flaskdash: Cli) -> None:
    (folder / "shop").mkdir()
    (folder / "file").write_text("mine", "utf-8")
    for name in ("shop", "file"):
        result = flaskdash("new", name, "--data", sales, code=1)
        assert f"{name} already exists. Nothing was written" in result.output
    assert (folder / "file").read_text("utf-8") == "mine"


def bad_sources(folder: Path) -> dict[str, Path]:
    contents = {
        "empty.csv": b"",
        "header_only.csv": b"a,b,c\n",
        "binary.csv": bytes(range(256)) * 50,
        "one_line.csv": b"x" * 10_000_000,
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / "folder").mkdir()
    return {path.name: path for path in [*folder.iterdir(), folder / "missing.csv"]}


@pytest.mark.parametrize(
    "name",
    ["empty.csv", "header_only.csv", "binary.csv", "one_line.csv", "folder", "missing.csv"],
)
def test_refuses_a_source(tmp_path: Path, folder: Path, flaskdash: Cli, name: str) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    result = flaskdash("new", "shop", "--data", bad_sources(sources)[name], code=1)
    lines = result.output.strip().splitlines()
    assert "Error: " in result.output  # after the progress of a slow machine
    assert name in lines[0]
    assert len(lines) <= 3
    assert os.listdir(folder) == []


def test_makes_a_project_of_one_column_and_of_two_thousand(
    tmp_path: Path, folder: Path, flaskdash: Cli
) -> None:
    narrow = tmp_path / "narrow.csv"
    narrow.write_text("name\n" + "".join(f"n{n}\n" for n in range(50)), "utf-8")
    wide = tmp_path / "wide.csv"
    names = [f"m{n}" for n in range(2000)]
    rows = [",".join(str((n * k) % 97) for n in range(2000)) for k in range(1, 20)]
    wide.write_text("\n".join([",".join(names), *rows]) + "\n", "utf-8")
    for path in (narrow, wide):
        flaskdash("new", path.stem, "--data", path, "--no-install", "--no-git")
        assert (folder / path.stem / "app/loaders" / f"{path.stem}.py").exists()


def start(folder: Path, *args: str | Path, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "flaskdash", "new", "shop", *map(str, args)]
    return subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,  # type: ignore[call-overload]
    )


def is_complete(root: Path) -> bool:
    """Return whether a project has its first and its last files."""
    return {"README.md", ".env", "app/loaders/sales.py", "data/sales.csv"} <= listing(root)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
def test_a_signal_while_an_object_is_deleted_is_not_lost(folder: Path) -> None:
    class Deleted:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)

    def make() -> None:
        with new._temporary_folder(folder / "shop"):
            Deleted()
            time.sleep(30)

    with pytest.raises(SystemExit):
        make()
    assert not listing(folder)


@pytest.mark.parametrize("stop_signal", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_at_any_moment_leaves_all_or_nothing(
    folder: Path, sales: Path, stop_signal: signal.Signals
) -> None:
    moments = (0.1, 0.3, 0.6, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.5, 1.8)
    for moment in moments:
        process = start(folder, "--data", sales, "--no-install", "--no-git")
        try:
            output = process.communicate(timeout=moment)[0]
        except subprocess.TimeoutExpired:
            process.send_signal(stop_signal)
            output = process.communicate()[0]
        assert "Traceback" not in output
        remaining = set(os.listdir(folder))
        if "shop" in remaining:
            assert is_complete(folder / "shop")
            (folder / "shop").rename(folder.parent / f"shop-{moment}")
        elif stop_signal != signal.SIGKILL:
            assert remaining == set()
    # The next run deletes the temporary folder of a killed run.
    output = start(folder, "--data", sales, "--no-install", "--no-git").communicate()[0]
    assert "Next:" in output
    assert os.listdir(folder) == ["shop"]


def test_a_run_removes_what_any_killed_run_has_left(
    folder: Path, sales: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    process = {True: os.getppid(), False: ended.pid}
    folders = {
        parent / name.format(process[runs]): runs
        for parent, name in (
            (folder, ".other.flaskdash-new-{}"),
            (folder, ".shop.flaskdash-new-{}"),
            (temporary, "flaskdash-{}-abcd1234"),
        )
        for runs in (True, False)
    }
    unrelated = (folder / f"x-{ended.pid}", temporary / f"flaskdash-{ended.pid}-abc", folder / "y")
    folders |= dict.fromkeys(unrelated, True)
    for path in folders:
        path.mkdir()
        (path / "downloaded").touch()
    flaskdash("new", "shop", "--data", sales, "--no-install", "--no-git")
    assert {path: path.exists() for path in folders} == folders
    assert len(list(temporary.iterdir())) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot tell whether a process runs")
def test_the_temporary_files_of_a_killed_run_are_removed_by_the_next(
    folder: Path, sales: Path, tmp_path: Path
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    env = os.environ | {"TMPDIR": str(temporary)}
    process = start(folder, "--data", sales, "--no-git", "--dry-run", env=env)
    wait_for(lambda: any(temporary.glob("*/*/*")), "files in the temporary folder")
    process.kill()
    process.communicate()
    assert any(temporary.iterdir())
    start(folder, "--data", sales, "--no-git", "--dry-run", env=env).communicate()
    assert list(temporary.iterdir()) == []


def test_interrupted_while_the_temporary_folder_exists(folder: Path, sales: Path) -> None:
    process = start(folder, "--data", sales, "--no-git")
    wait_for(lambda: any(folder.iterdir()) or process.poll() is not None, "the unfinished folder")
    process.send_signal(signal.SIGINT)
    output = process.communicate()[0]
    assert process.returncode != 0
    assert "Traceback" not in output
    assert os.listdir(folder) == []


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX permissions")
def test_a_read_only_folder(folder: Path, sales: Path) -> None:
    command = [sys.executable, "-m", "flaskdash", "new", "shop", "--data", str(sales), "--no-git"]
    if os.getuid() == 0:  # permissions do not stop root, but a read-only mount does
        need("unshare", "mount")
        mount = 'mount --bind . . && mount -o remount,ro,bind . && cd "$PWD" && exec "$@"'
        command = ["unshare", "--mount", "sh", "-c", mount, "sh", *command]
    folder.chmod(0o555)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    folder.chmod(0o755)
    assert done.returncode == 1
    assert "Error: Cannot write to" in done.stderr
    assert len(done.stderr.splitlines()) <= 2
    assert os.listdir(folder) == []


def test_a_full_disk(folder: Path, sales: Path) -> None:
    """Limit files to 64 kB, so that a write fails as on a full disk."""
    resource = pytest.importorskip("resource")

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, 65_536))

    process = start(folder, "--data", sales, "--no-install", "--no-git", preexec_fn=limit)
    output = process.communicate()[0]
    assert process.returncode == 1, output
    assert "Nothing was created" in output
    assert "Traceback" not in output
    assert os.listdir(folder) == []


def test_prints_no_file_of_a_project_that_was_not_created(
    folder: Path, sales: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> list[str]:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("flaskdash.generate.new._install", fail)
    output = flaskdash("new", "shop", "--data", sales, "--no-git", code=1).output
    assert "No space left on device. Nothing was created" in output
    assert "create " not in output
    assert os.listdir(folder) == []


def test_creates_the_project_without_a_network(
    folder: Path, sales: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "no-cache"))
    result = flaskdash("new", "shop", "--data", sales, "--no-git")
    assert "uv sync" in result.output
    assert is_complete(folder / "shop")
    assert not (folder / "shop/.venv").exists()


def test_hostile_template_text_stays_text(folder: Path, sales: Path, flaskdash: Cli) -> None:
    title = "{{ cookiecutter }} {% raw %} ''' \\ \" # ${x}"
    flaskdash("new", "shop", "--data", sales, "--title", title, "--no-install", "--no-git")
    settings = tomllib.loads((folder / "shop/pyproject.toml").read_text("utf-8"))
    assert settings["tool"]["flaskdash"]["title"] == title
    assert settings["project"]["description"] == title


def kinds_of(project: Path) -> set[str]:
    texts = [path.read_text("utf-8") for path in (project / "app/charts").glob("[!_]*.py")]
    return {kind for kind in ("Box", "Choropleth") for text in texts if f"go.{kind}(" in text}


@pytest.mark.parametrize(
    "parent",
    ["{{7}}", "{{ 7*7 }}", "{% if %}", "{#", '{{cycler.__init__.__globals__.os.mkdir("RUN")}}'],
)
def test_the_name_of_a_parent_folder_is_not_run_as_a_template(
    folder: Path, sales: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch, parent: str
) -> None:
    (folder / parent).mkdir()
    monkeypatch.chdir(folder / parent)
    flaskdash("new", "shop", "--data", sales, "--no-install", "--no-git")
    monkeypatch.chdir("shop")
    flaskdash("add-chart", "more", "--kind", "bar", "--x", "region")
    assert Path("app/charts/more.py").is_file()
    assert [path.name for path in folder.iterdir()] == [parent]
    assert [path.name for path in (folder / parent).iterdir()] == ["shop"]


def test_a_folder_for_temporary_files_with_braces_is_refused(
    made: Path, tmp_path: Path, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "{{7*7}}"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    output = flaskdash("add-chart", "mine", "--kind", "bar", "--x", "region", code=1).output
    assert (
        f"The folder for temporary files has a brace in its path: {temporary}/flaskdash-" in output
    )
    assert not (made / "app/charts/mine.py").exists()
    assert list(tmp_path.rglob("*49*")) == []


def test_the_larger_bundle_only_comes_with_a_map(folder: Path, flaskdash: Cli) -> None:
    countries = "France Spain Italy Poland Greece Norway Chile Peru Kenya Japan".split()
    lines = [
        f"{countries[n % 10]},{'ABC'[n // 10 % 3]},{n // 10 % 3 * 100 + n * 7 % 30}.5"
        for n in range(300)
    ]
    Path("a.csv").write_text("\n".join(["land,species,weight", *lines]), "utf-8")
    Path("b.csv").write_text(
        "\n".join(["team,species,weight", *lines])
        .replace("France", "Reds")
        .replace("Spain", "Blues")
        .replace("Italy", "Greens")
        .replace("Poland", "Blacks"),
        "utf-8",
    )
    for data in ("a", "b"):
        suggested = flaskdash("inspect", f"{data}.csv").output
        assert "Spread of weight by species" in suggested
        flaskdash("new", data, "--data", f"{data}.csv", "--no-install", "--no-git")
        assert (folder / data / "app/charts/spread_of_weight_by_species.py").exists()
    assert kinds_of(folder / "a") == {"Choropleth"}
    assert (folder / "a/app/static/vendor/plotly-more.min.js").exists()
    assert kinds_of(folder / "b") == set()
    assert not (folder / "b/app/static/vendor/plotly-more.min.js").exists()


@pytest.mark.parametrize(
    ("file", "loader", "copy"),
    [
        ("API_AG.LND.CSV", "api_ag_lnd", "api_ag_lnd.csv"),
        ("sales.2024.csv", "sales_2024", "sales_2024.csv"),
        ("Sales (final).export", "sales", "sales"),
        ("Umsatz-2024-01-31 (2).csv", "umsatz", "umsatz.csv"),
        ("export_20240131.csv", "export_20240131", "export_20240131.csv"),
    ],
)
def test_a_loader_is_named_after_its_file_without_dates_and_copies(
    file: str, loader: str, copy: str, write: Write
) -> None:
    source = sources.read_source(str(write(sales_csv(), file)), None)
    assert (source.name, source.file) == (loader, copy)


def test_each_question_of_a_survey_has_its_bars_on_a_second_dashboard(
    folder: Path, flaskdash: Cli
) -> None:
    questions = [
        f"How often do you use the {vehicle}?" for vehicle in ("bus", "tram", "car", "bike")
    ]
    questions += ["What is your age group?", "Where do you live?", "Do you have children?"]
    answers = ["never,rarely,often,always", "18-24,25-34,65+", "city,village", "Yes,No"]
    levels = [text.split(",") for text in [answers[0]] * 4 + answers[1:]]
    lines = [",".join(questions)]
    for n in range(60):
        lines.append(",".join(random.Random(n * 10 + k).choice(e) for k, e in enumerate(levels)))
    (folder / "survey.csv").write_text("\n".join(lines), "utf-8")
    made = ("--data", folder / "survey.csv", "--no-install", "--no-git")
    flaskdash("new", "all", *made)
    flaskdash("new", "few", *made, "--charts", 2)
    texts = [path.read_text("utf-8") for path in (folder / "all/app/charts").glob("*.py")]
    apart = [text for text in texts if 'DASHBOARDS = ["Questions"]' in text]
    titles = {line for text in texts for line in text.splitlines() if line.startswith("TITLE = ")}
    assert {f'TITLE = "{question}"' for question in questions} <= titles
    assert len(apart) >= 4
    few = [path.read_text("utf-8") for path in (folder / "few/app/charts").glob("*.py")]
    assert not any('"Questions"' in text for text in few)
