"""check: each rule finds its mistake, and nothing in a sound project."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from flaskdash import shell, skeletons
from flaskdash.check import audit, boots, recent, rules, run
from flaskdash.check.rule import Finding, Result, Rule
from flaskdash.errors import FlaskdashError
from flaskdash.project import Project, environment
from tests.support.fixtures import Cli
from tests.support.projects import copy_project

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the tests run on Linux and macOS")

RULES = {rule.id: rule for rule in rules.ALL}
KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
IGNORE = ".env\n.venv/\ninstance/\ndist/\n__pycache__/\n"
LOADER = 'from pathlib import Path\nSOURCE = Path(__file__).parents[2] / "data" / "sales.csv"\n'
TREE = {
    ".env": f"SECRET_KEY={KEY}\n",
    ".gitignore": IGNORE,
    ".python-version": "3.12\n",
    "Procfile": 'web: python -m gunicorn "app:create_app()"\n',
    "app/__init__.py": "def create_app(): ...\n",
    "app/loaders/__init__.py": "",
    "app/loaders/sales.py": LOADER,
    "data/sales.csv": "a,b\n1,2\n",
    "pyproject.toml": '[project]\nname = "tiny"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
    'dependencies = []\n\n[tool.flaskdash]\ntitle = "Tiny"\n',
}


def build(root: Path, tree: dict[str, str | bytes]) -> None:
    for name, text in tree.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())


def git(project: Project, *args: str) -> str:
    person = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org"}
    person |= {key.replace("AUTHOR", "COMMITTER"): value for key, value in person.items()}
    done = subprocess.run(
        ["git", *args],
        cwd=project.root,
        env=os.environ | person,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def look(project: Project, rule: str) -> list[Finding]:
    return list(RULES[rule].look(project))


def snapshot(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a sound project in git, without an environment."""
    monkeypatch.delenv("SECRET_KEY", raising=False)
    root = tmp_path / "tiny"
    build(root, TREE)  # type: ignore[arg-type]
    project = Project.find(root)
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    return project


QUICK = [rule.id for rule in rules.ALL if not rule.doing and rule.id not in ("lock", "environment")]


@pytest.mark.parametrize("rule", QUICK)
def test_a_sound_project_has_no_finding(tiny: Project, rule: str) -> None:
    assert look(tiny, rule) == []


MISTAKES: list[tuple[str, str, str | bytes, str]] = [
    # Frequent mistakes.
    (
        "server",
        "app/__init__.py",
        "from flask import Flask\nx = Flask('x')\nx.run()",
        "line 3 runs",
    ),
    (
        "server",
        "wsgi.py",
        "from app import create_app\napp = create_app()\napp.run()",
        "wsgi.py, li",
    ),
    ("server", "app/x.py", "if True:\n  create_app().run(port=80)", "app/x.py, line 2 runs"),
    ("server", "app/__init__.py", "def create_app():\n  app = Flask()\n  app.run()", "line 3 runs"),
    ("text", "requirements.txt", "flask==3.1\n".encode("utf-16"), "requirements.txt is UTF-16"),
    ("text", "Procfile", "web: x\n".encode("utf-8-sig"), "Procfile is UTF-8 with a BOM"),
    ("text", ".python-version", "3.12\n".encode("utf-16-le"), ".python-version is UTF-16"),
    ("text", ".env", b"NAME=caf\xe9\n", ".env is neither UTF-8 nor UTF-16"),
    (
        "text",
        "requirements.txt",
        "numpy @ file:///C:/ci/numpy_1\n",
        "requirements.txt, line 1 is a path on this machine",
    ),
    (
        "text",
        "requirements.txt",
        "x\nnumpy @ file:///C:/ci\n".encode("utf-16"),
        "requirements.txt is UTF-16",
    ),
    ("paths", "app/loaders/x.py", "pd.read_csv('data/sales.csv')", "line 1 names data/sales.csv"),
    ("paths", "app/loaders/x.py", "S = '../data/x.csv'\nopen(S)", "line 2 names ../data/x.csv"),
    ("paths", "app/loaders/x.py", "open('sales.csv')", "line 1 names sales.csv"),
    ("paths", "app/x.py", "Path('data\\\\sales.csv')", "names data\\sales.csv, which depends"),
    (
        "paths",
        "app/x.py",
        "pd.read_excel('C:\\\\Users\\\\me\\\\x.xlsx')",
        "only exists on this machine",
    ),
    ("paths", "app/x.py", "pd.read_csv('/home/me/x.csv')", "only exists on this machine"),
    (
        "escaping",
        "app/templates/x.html",
        "<script>{{ data|safe }}</script>",
        "writes data unescaped",
    ),
    (
        "escaping",
        "app/templates/x.html",
        "<script></script>\n<script>\nx = {{ a.b|join|safe }};\n</script>",
        "line 3 writes a.b|join unescaped",
    ),
    (
        "escaping",
        "app/templates/x.html",
        "\n{% autoescape false %}{{ x }}{% endautoescape %}",
        "line 2 turns escaping off",
    ),
    ("git", "app/x/pyvenv.cfg", "home = x", "the environment app/x/ is in git"),
    ("git", "env/lib/python3.12/site-packages/x.py", "", "the environment env/ is in git"),
    ("git", ".npmrc", "//x/:_authToken=abc", ".npmrc is in git"),
    ("git", ".ssh/config", "Host x", ".ssh/config is in git"),
    ("git", ".gitignore", "*.pyc\n", ".gitignore does not list .env, .venv/, instance/, dist/"),
    # Secret keys.
    (
        "secret-key",
        "app/x.py",
        "app.secret_key = 'dev'",
        "app/x.py, line 1 contains the SECRET_KEY",
    ),
    (
        "secret-key",
        "app/x.py",
        "app.config['SECRET_KEY'] = b'dev'",
        "line 1 contains the SECRET_KEY",
    ),
    ("secret-key", "app/x.py", "SECRET_KEY: str = 'dev'", "line 1 contains the SECRET_KEY"),
    ("secret-key", "app/x.py", "create_app(SECRET_KEY='dev')", "line 1 contains the SECRET_KEY"),
    ("secret-key", "app/x.py", "x = {\n'SECRET_KEY': 'dev'}", "contains the SECRET_KEY"),
    ("secret-key", "app/x.py", "os.environ.get('SECRET_KEY', 'dev')", "contains the SECRET_KEY"),
    ("secret-key", "app/x.py", "SECRET_KEY = os.getenv('X') or 'dev'", "contains the SECRET_KEY"),
    ("secret-key", ".env", "SECRET_KEY=changeme", "SECRET_KEY is easy to guess"),
    ("secret-key", ".env", f"SECRET_KEY={'ab' * 20}", "SECRET_KEY is easy to guess"),
]


@pytest.mark.parametrize(("rule", "file", "text", "message"), MISTAKES)
def test_a_rule_finds_its_mistake(
    tiny: Project, rule: str, file: str, text: str | bytes, message: str
) -> None:
    build(tiny.root, {file: text})
    if rule == "git":
        git(tiny, "add", "--force", file)
    findings = look(tiny, rule)
    assert message in findings[0].sentence
    assert findings[0].fix
    assert not findings[0].is_note
    printed = list(Result(RULES[rule], findings).lines())
    assert printed[0].startswith("FAIL ")
    assert KEY not in "\n".join(printed)


SOUND = [
    ("server", "run.py", "app = create_app()\nif __name__ == '__main__':\n  app.run()"),
    ("server", "app/x.py", "subprocess.run(['x'])\ndef main():\n  app.run()"),
    ("paths", "app/x.py", "pd.read_csv(SOURCE)\nopen(name)\nPath(__file__)\nPath('app')"),
    ("paths", "app/x.py", "pd.read_csv('https://example.org/x.csv')\npath.open('rb')"),
    ("paths", "tests/test_x.py", "open('data/sales.csv')"),
    ("escaping", "app/templates/x.html", "{{ x|tojson|safe }}{{ x }}{{ '<br>'|safe }}"),
    ("escaping", "data/x.html", "{{ x|safe }}"),
    ("paths", "app/x.py", "Path('gzip/deflate')\nread_settings('a/b')"),
    ("secret-key", "app/x.py", "SECRET_KEY = os.environ.get('SECRET_KEY') or ''"),
    ("secret-key", "tests/conftest.py", "create_app(SECRET_KEY='test')"),
    ("disk", "app/x.py", "figure.save(buffer)\ndf.to_csv()\nopen(name, 'w')\nopen('x.csv')"),
    ("text", "requirements.txt", "flask @ https://example.org/flask.whl\n"),
]


@pytest.mark.parametrize(("rule", "file", "text"), SOUND)
def test_sound_code_has_no_finding(tiny: Project, rule: str, file: str, text: str) -> None:
    build(tiny.root, {file: text})
    assert look(tiny, rule) == []


def test_the_fix_of_a_path_is_code_that_works(tiny: Project) -> None:
    build(tiny.root, {"app/loaders/x.py": "open('./data/sales.csv')"})
    (finding,) = look(tiny, "paths")
    assert finding.fix == 'Path(__file__).parents[2] / "data" / "sales.csv"'
    module = str(tiny.root / "app/loaders/x.py")
    assert eval(finding.fix, {"Path": Path, "__file__": module}).is_file()


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("app/x.py", "sqlite3.connect(path)", "opens an SQLite database"),
        ("app/x.py", "request.files['x'].save(path)", "saves an upload"),
        ("app/x.py", "df.to_csv('out.csv')", "writes a file"),
        ("app/x.py", "(ROOT / 'log.txt').write_text('x')", "writes a file"),
        ("app/x.py", "open(ROOT / 'log.txt', 'a')", "writes a file"),
        (".env", "DATABASE_URL=sqlite:///shop.db", "DATABASE_URL in .env is an SQLite database"),
    ],
)
def test_data_on_the_disk_is_a_note(tiny: Project, file: str, text: str, message: str) -> None:
    build(tiny.root, {file: text})
    (finding,) = look(tiny, "disk")
    assert message in finding.sentence
    assert finding.is_note


def test_a_database_that_is_only_read_is_no_note(tiny: Project) -> None:
    code = "sqlite3.connect(f'{path.as_uri()}?mode=ro', uri=True)"
    build(tiny.root, {"app/x.py": code})
    assert not look(tiny, "disk")


def test_tables_on_the_disk_are_a_note(tiny: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    build(tiny.root, {"app/blueprints/database/__init__.py": ""})
    (finding,) = look(tiny, "disk")
    assert "instance/app.sqlite" in str(finding.sentence)
    assert finding.is_note
    monkeypatch.setenv("DATABASE_URL", "postgresql://db/shop")
    assert look(tiny, "disk") == []


def test_unescaped_html_outside_of_scripts_is_a_note(tiny: Project) -> None:
    build(tiny.root, {"app/templates/x.html": "<script>x</script>{{ text|safe }}"})
    (finding,) = look(tiny, "escaping")
    assert finding.is_note


def test_a_missing_gitignore_is_a_finding_and_is_written(tiny: Project) -> None:
    (tiny.root / ".gitignore").unlink()
    assert look(tiny, "git")[0].sentence.startswith("there is no .gitignore")
    shutil.rmtree(tiny.root / ".git")
    assert look(tiny, "git")[0].sentence.startswith("there is no .gitignore")
    assert list(run.mend([RULES["git"]], tiny)) == [
        ".gitignore: .env, .venv/, instance/, dist/, __pycache__/"
    ]
    assert look(tiny, "git") == []


def test_a_secret_in_gits_history_is_found_until_it_is_changed(tiny: Project) -> None:
    git(tiny, "add", "--force", ".env")
    git(tiny, "commit", "--quiet", "-m", "oops")
    git(tiny, "rm", "--quiet", "--cached", ".env")
    git(tiny, "commit", "--quiet", "-m", "hide it")
    (finding,) = look(tiny, "git")
    commit = git(tiny, "rev-list", "--max-parents=0", "HEAD")[:7]
    assert finding.sentence == f"the value of SECRET_KEY in .env is in git's history ({commit})"
    build(tiny.root, {".env": f"SECRET_KEY={KEY[1:]}9\n"})
    assert look(tiny, "git") == []


def test_the_skeleton_escapes_its_figures_until_someone_marks_them_safe(made: Path) -> None:
    project = Project.find(made)
    for rule in ("server", "paths", "escaping", "disk"):
        assert look(project, rule) == []
    template = made / "app/engine/templates/engine/_chart.html"
    template.write_text(template.read_text().replace("card.figure -", "card.figure|safe -"))
    (finding,) = look(project, "escaping")
    assert "_chart.html" in finding.sentence
    assert "writes card.figure unescaped" in finding.sentence


def test_the_code_that_templates_bring_has_no_finding(tiny: Project) -> None:
    for folder in ("download", "database", "live", "maps", "sparkline", "markdown"):
        for file in (skeletons.TEMPLATES / folder).glob("*/app/engine/*.py"):
            shutil.copy(file, tiny.root / "app")
    ids = [rule.id for rule in rules.ALL if rule.look.__module__.endswith("check.code")]
    assert len(ids) > 3
    assert {rule: look(tiny, rule) for rule in ids} == {rule: [] for rule in ids}


# --- imports ---

LOCK = """\
[[package]]
name = "tiny"
source = { virtual = "." }
dependencies = [{ name = "flask" }, { name = "sqlalchemy", extra = ["async"] }]
[package.dev-dependencies]
dev = [{ name = "pytest" }]
[[package]]
name = "flask"
dependencies = [{ name = "werkzeug" }]
[[package]]
name = "werkzeug"
[[package]]
name = "sqlalchemy"
[package.optional-dependencies]
async = [{ name = "greenlet" }]
[[package]]
name = "greenlet"
[[package]]
name = "pytest"
"""


@pytest.mark.parametrize(
    ("code", "message", "fix"),
    [
        ("import flask, werkzeug.exceptions, json, greenlet, app.x, own", "", ""),
        ("try:\n  import torch\nexcept ImportError:\n  torch = None", "", ""),
        ("if TYPE_CHECKING:\n  import torch", "", ""),
        ("from . import torch", "", ""),
        ("import sys\nif sys.platform == 'win32':\n  import win32api", "", ""),
        ("import torch", "line 1 imports torch, which no dependency installs", "uv add torch"),
        ("def f():\n  from sklearn.x import y", "line 2 imports sklearn", "uv add scikit-learn"),
        ("import pytest", "which only a development dependency installs", "uv add pytest"),
    ],
)
def test_imports_need_a_dependency(tiny: Project, code: str, message: str, fix: str) -> None:
    build(tiny.root, {"uv.lock": LOCK, "app/y.py": code, "own.py": ""})
    (tiny.root / ".venv/bin").mkdir(parents=True)
    tiny.python.symlink_to(sys.executable)
    installed = {"pytest": ["pytest"], "flask": ["Flask"], "torch": []}
    answer = json.dumps([sorted(sys.stdlib_module_names), installed])
    tiny.python.unlink()
    build(tiny.root, {".venv/bin/python": f"#!/bin/sh\ncat <<'E'\n{answer}\nE\n"})
    tiny.python.chmod(0o755)
    findings = look(tiny, "imports")
    assert len(findings) == bool(message)
    assert all(message in finding.sentence and finding.fix == fix for finding in findings)


# --- --fix, --json and slow rules ---


def test_fix_repairs_what_is_safe_and_changes_nothing_else(
    tiny: Project, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(
        tiny.root,
        {
            ".env": "FLASK_DEBUG=1\nSECRET_KEY=\nOTHER=x\n",
            ".gitignore": "*.log",
            "Procfile": "web python -m gunicorn x\nworker: y\n".encode("utf-16"),
            "app/x.py": "app.run()\nopen('data/sales.csv')\nimport torch\n",
        },
    )
    before, index = snapshot(tiny.root), git(tiny, "ls-files", "--stage")
    monkeypatch.chdir(tiny.root)
    output = flaskdash("check", "--fix", code=2).output
    assert [line for line in output.splitlines() if line.startswith("mend")] == [
        "mend      Procfile: from UTF-16 to UTF-8",
        "mend      .env: removed FLASK_DEBUG",
        "mend      .env: a new SECRET_KEY",
        "mend      .gitignore: .env, .venv/, instance/, dist/",
        "mend      Procfile: added a colon",
    ]
    assert git(tiny, "ls-files", "--stage") == index
    after = snapshot(tiny.root)
    changed = {path for path in after if after[path] != before.get(path)}
    mended = {str(tiny.root / name) for name in (".env", ".gitignore", "Procfile")}
    assert {path for path in changed if "/.git/" not in path} == mended
    assert (tiny.root / "Procfile").read_text() == "web: python -m gunicorn x\nworker: y\n"
    setting, key = (tiny.root / ".env").read_text().splitlines()
    assert setting == "OTHER=x"
    assert len(key) == len("SECRET_KEY=") + 64
    for rule in ("procfile", "text", "debug", "secret-key", "git"):
        assert look(tiny, rule) == []
    assert list(run.mend(rules.ALL, tiny)) == []


def test_json_contains_each_rule_with_its_findings(
    tiny: Project, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny.root)
    build(tiny.root, {"app/x.py": "app.run()"})
    answer = json.loads(flaskdash("check", "--json", code=2).stdout)
    assert answer["ok"] is False
    results = {result["id"]: result for result in answer["rules"]}
    assert list(results) == list(RULES)
    assert results["debug"] == {
        "id": "debug",
        "sentence": "debug mode is off",
        "ok": True,
        "findings": [],
    }
    (finding,) = results["server"]["findings"]
    assert finding["sentence"].startswith("app/x.py, line 1 runs a development server")
    assert finding["is_note"] is False


def slow(calls: list[str], findings: list[Finding], name: str = "slow") -> Rule:
    def look_at(_: Project) -> list[Finding]:
        calls.append(name)
        return findings

    return Rule(name, "it holds", look_at, doing="looking long")


def test_a_slow_rule_is_not_run_twice_on_the_same_files(
    tiny: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    rule = slow(calls, [Finding("by the way", is_note=True)])
    printed: list[str] = []
    run.run([rule], tiny, printed.append)
    run.run([rule], tiny, printed.append)
    assert calls == ["slow"]
    assert printed[0] == "ok    slow         it holds"
    assert re.fullmatch(
        r"ok    slow         it holds \(unchanged since [-\d]+ [\d:]+, passed then\)", printed[2]
    )
    assert printed[1] == printed[3] == "note  slow         by the way"
    run.run([rule], tiny, printed.append, fresh=True)
    assert len(calls) == 2
    for name, text in {"app/x.py": "x = 1", ".env": "A=2", "data/sales.csv": "a,b\n2,3\n"}.items():
        build(tiny.root, {name: text})
        run.run([rule], tiny, printed.append)
        run.run([rule], tiny, printed.append)
    assert len(calls) == 5
    monkeypatch.setattr(recent, "MAX_AGE", 0)
    run.run([rule], tiny, printed.append)
    assert len(calls) == 6


def test_a_preflight_that_failed_is_run_again_in_full(tiny: Project) -> None:
    calls: list[str] = []
    both = [slow(calls, [Finding("no")]), slow(calls, [], "other")]
    for _ in range(2):
        with pytest.raises(FlaskdashError, match=r"\(slow\)"):
            run.run(both, tiny, lambda _: None)
    assert sorted(calls) == ["other", "other", "slow", "slow"]
    assert not (tiny.root / "dist").exists()


def test_slow_rules_run_in_parallel(tiny: Project) -> None:
    both = threading.Barrier(2, timeout=30)

    def wait(_: Project) -> list[Finding]:
        both.wait()
        return []

    results = run.look([Rule(name, "", wait, doing=name) for name in "ab"], tiny)
    assert [result.rule.id for result in results] == ["a", "b"]
    assert not any(result.failed for result in results)


def test_a_slow_rule_is_reported_when_it_ends(tiny: Project) -> None:
    printed = threading.Event()

    def wait(_: Project) -> list[Finding]:
        return [] if printed.wait(30) else [Finding("the other rule was not printed")]

    def echo(line: str) -> None:
        if line.startswith("ok    quick"):
            printed.set()

    both = [Rule("slow", "", wait, doing="x"), Rule("quick", "", lambda _: [], doing="y")]
    run.run(both, tiny, echo)


def test_after_a_change_of_code_a_rule_about_the_lock_is_not_run_again(tiny: Project) -> None:
    calls: list[str] = []
    both = [slow(calls, [], "tests"), replace(slow(calls, [], "audit"), only_lock=True)]
    for text in ("x = 1", "x = 2"):
        build(tiny.root, {"app/x.py": text})
        run.run(both, tiny, lambda _: None)
    assert sorted(calls) == ["audit", "tests", "tests"]
    build(tiny.root, {"uv.lock": "version = 2\n"})
    run.run(both, tiny, lambda _: None)
    assert sorted(calls) == ["audit", "audit", "tests", "tests", "tests"]


def test_a_rule_that_stops_is_the_last_one_of_a_deploy(tiny: Project) -> None:
    calls: list[str] = []
    server = Rule("ssh", "", lambda _: [Finding("it is off", "switch it on")], stops=True)
    with pytest.raises(FlaskdashError) as error:
        run.run([server, slow(calls, [])], tiny, lambda _: None)
    assert error.value.message == (
        "The preflight failed (ssh). Nothing was deployed.\n  ssh: it is off\n    Fix: switch it on"
    )
    assert calls == []
    with pytest.raises(FlaskdashError):  # `flaskdash check` reports all rules
        run.run([server, slow(calls, [])], tiny, lambda _: None, fresh=True)
    assert calls == ["slow"]


def test_the_docs_have_each_rule() -> None:
    text = (Path(__file__).parents[2] / "docs/check.md").read_text("utf-8")
    documented = re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE)
    assert documented == list(RULES)


def test_ctrl_c_ends_the_program_of_a_slow_rule(tiny: Project) -> None:
    started = threading.Event()
    exit_codes: list[int] = []

    def boot(project: Project) -> list[Finding]:
        argv = ["sleep", "60"]
        with shell.running(argv, project.root, {}, project.root / "log") as process:
            started.set()
            exit_codes.append(process.wait())
        return []

    def interrupt(_: Project) -> list[Finding]:
        started.wait(30)
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        return []

    rules = [Rule("boot", "", boot, doing="x"), Rule("other", "", interrupt, doing="y")]
    with pytest.raises(KeyboardInterrupt):
        list(run.look(rules, tiny))
    assert exit_codes == [-signal.SIGKILL]


# --- known vulnerabilities ---


@pytest.fixture
def osv() -> Iterator[tuple[str, dict[str, list[str]]]]:
    """Serve known vulnerabilities: yield the address, and the fixed versions by ID."""
    known: dict[str, list[str]] = {}

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            of_flask = {
                "vulns": [{"id": name, "modified": "2026-01-01T00:00:00Z"} for name in known]
            }
            queries = [query["package"]["name"] for query in body["queries"]]
            self.answer({"results": [of_flask if name == "flask" else {} for name in queries]})

        def do_GET(self) -> None:
            name = self.path.rpartition("/")[2]
            events = [{"introduced": "0"}, *({"fixed": version} for version in known[name])]
            package = {"name": "flask", "ecosystem": "PyPI"}
            affected = {"package": package, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
            record = {"id": name, "modified": "2026-01-01T00:00:00Z", "summary": "x"}
            self.answer(record | {"affected": [affected]})

        def answer(self, value: Any) -> None:
            body = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", known
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_known_vulnerabilities_are_findings(
    tiny: Project,
    shared_project: Path,
    osv: tuple[str, dict[str, list[str]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("pyproject.toml", "uv.lock"):
        shutil.copy(shared_project / name, tiny.root)
    address, known = osv
    monkeypatch.setattr(audit, "SERVICE", ("--service-url", address))
    assert look(tiny, "audit") == []
    known |= {"GHSA-fixed": ["99.0"], "PYSEC-open": []}
    fixed, unfixed = sorted(look(tiny, "audit"), key=lambda finding: finding.is_note)
    assert fixed.sentence.startswith("flask ")
    assert fixed.sentence.endswith("has a known vulnerability: GHSA-fixed")
    assert fixed.fix == "uv lock --upgrade-package flask (fixed in 99.0)"
    assert (unfixed.is_note, unfixed.sentence.rpartition(" ")[2]) == (True, "PYSEC-open")


def test_without_a_network_an_unchecked_audit_is_a_note(
    tiny: Project, shared_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pyproject.toml", "uv.lock"):
        shutil.copy(shared_project / name, tiny.root)
    monkeypatch.setattr(audit, "SERVICE", ("--service-url", "http://127.0.0.1:9/"))
    (finding,) = look(tiny, "audit")
    assert finding.is_note
    assert finding.sentence.startswith("known vulnerabilities were not checked: ")
    (line,) = Result(RULES["audit"], [finding]).lines()  # without an "ok"
    assert line.startswith("note  audit")
    monkeypatch.setattr(audit, "command", lambda: ["sleep", "60"])
    monkeypatch.setattr(audit, "SECONDS", 0.1)
    (finding,) = look(tiny, "audit")
    assert finding.sentence == "known vulnerabilities were not checked: no answer within 0.1 s"


# --- the project starts from the shipped files ---


@pytest.fixture
def shop(shared_project: Path, tmp_path: Path) -> Project:
    """Return a copy of the project that has its environment."""
    copy_project(shared_project, tmp_path / "shop")
    return Project.find(tmp_path / "shop")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "app/__init__.py",
            "from app import",
            "import nowhere\nfrom app import",
            "the web process ended at its",
        ),
        ("app/health.py", '"up {', '"well {', "/up answers 'well preflight'"),
    ],
)
def test_a_project_that_does_not_start_is_a_finding(
    shop: Project, file: str, old: str, new: str, message: str
) -> None:
    path = shop.root / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    findings = look(shop, "boots")
    assert message in findings[0].sentence
    assert findings[0].fix


def test_a_chart_that_fails_and_data_that_is_not_shipped_are_findings(
    shop: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    charts = [
        path
        for path in (shop.root / "app/charts").glob("[a-z]*.py")
        if "figure" in path.read_text()
    ]
    chart = charts[0]
    chart.write_text(
        f"{chart.read_text()}\n\ndef figure(df):\n    raise ValueError('no such luck')\n"
    )
    sentences = [finding.sentence for finding in look(shop, "boots")]
    slug = chart.stem.replace("_", "-")
    start = f"/charts/{slug}/figure.json answers 500: ValueError: no such luck"
    assert any(sentence.startswith(start) for sentence in sentences)
    assert any("shows 1 failed chart(s)" in sentence for sentence in sentences)
    # The project has the file, but the shipped copy does not.
    shipped = boots.files.shipped(shop)
    code = [path for path in shipped if path.parts[0] != "data"]
    monkeypatch.setattr(boots.files, "shipped", lambda _: code)
    (finding, *_) = look(shop, "boots")
    assert finding.sentence.startswith("the loader sales failed: FileNotFoundError")


def test_the_whole_check_of_a_new_project(
    shop: Project, flaskdash: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "SERVICE", ("--service-url", "http://127.0.0.1:9/"))
    monkeypatch.chdir(shop.root)
    environment.stamp(shop.root)
    before = snapshot(shop.root)
    answer = json.loads(flaskdash("check", "--json").stdout)
    assert [result for result in answer["rules"] if not result["ok"]] == []
    with_notes = {result["id"] for result in answer["rules"] if result["findings"]}
    assert with_notes <= {"data", "audit", "secret-key"}
    new = snapshot(shop.root).keys() - before.keys()
    caches = {"__pycache__", ".pytest_cache", "dist"}
    assert [path for path in new if caches.isdisjoint(Path(path).parts)] == []
