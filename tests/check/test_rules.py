"""Rules of the preflight: a sound project, then one with a mistake."""

import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from flaskdash.check import rules
from flaskdash.check.rule import Finding, Rule
from flaskdash.check.run import run
from flaskdash.project import Project, environment
from flaskdash.ship import files
from flaskdash.ship.errors import PreflightError
from tests.support.tiny import KEY, LOADER, PYPROJECT, build, git, script, sentences

RULES = {rule.id: rule for rule in rules.ALL}
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and shell scripts")


@pytest.mark.parametrize("rule", ["procfile", "debug", "data", "files", "secrets"])
def test_a_sound_project_has_no_finding(tiny_project: Project, rule: str) -> None:
    assert list(RULES[rule].look(tiny_project)) == []


@pytest.mark.parametrize(
    ("rule", "file", "text", "message"),
    [
        ("procfile", "Procfile", "web gunicorn app", "Procfile, line 1 is not 'NAME: COMMAND'"),
        ("procfile", "Procfile", "worker: python x.py", "the Procfile has no web line"),
        ("debug", ".env", "FLASK_DEBUG=1", ".env sets FLASK_DEBUG"),
        ("debug", ".flaskenv", "export FLASK_DEBUG='on'", ".flaskenv sets FLASK_DEBUG"),
        (
            "debug",
            "Procfile",
            "web: FLASK_DEBUG=true gunicorn app",
            "the Procfile turns debug mode on",
        ),
        ("debug", "Procfile", "web: flask run --debug", "the Procfile turns debug mode on"),
        ("debug", "app/run.py", "\napp.run(debug=True)", "app/run.py, line 2 turns debug mode on"),
        ("debug", "wsgi.py", "app.debug = True", "wsgi.py, line 1 turns debug mode on"),
        ("debug", "app/c.py", "app.config['DEBUG'] = True", "app/c.py, line 1 turns debug mode on"),
        ("debug", "app/c.py", "class C:\n  DEBUG = True", "app/c.py, line 2 turns debug mode on"),
        (
            "data",
            "app/loaders/x.py",
            "SOURCE = 'data/x.csv'",
            "a loader reads data/x.csv, which does not exist",
        ),
        ("data", "app/loaders/x.py", "SOURCE = '/etc/passwd'", "a loader reads /etc/passwd"),
        ("data", "app/loaders/x.py", "SOURCE = (", "not valid Python"),
        ("files", "requirements.txt", "flask", "the project has requirements.txt at its root"),
        ("files", "wheels/a.txt", "", "the project has wheels at its root"),
        ("files", "start", "", "the project has start at its root"),
        (
            "secrets",
            "app/x.py",
            f"KEY = '{KEY}'",
            "app/x.py contains the value of SECRET_KEY in .env",
        ),
        ("secrets", "key.pem", "-----BEGIN RSA PRIVATE KEY-----", "key.pem contains a private key"),
        ("lock", "README.md", "", "there is no uv.lock"),
        ("environment", "README.md", "", "there is no environment, and uv.lock must be corrected"),
        ("tests", "README.md", "", "the tests cannot run: there is no environment"),
    ],
)
def test_a_rule_finds_its_mistake(
    tiny_project: Project, rule: str, file: str, text: str, message: str
) -> None:
    build(tiny_project.root, {file: text})
    printed: list[str] = []
    with pytest.raises(PreflightError) as failure:
        run([RULES[rule]], tiny_project, printed.append)
    assert failure.value.exit_code == 2
    assert f"The preflight failed ({rule})" in failure.value.message
    assert message in printed[0]
    assert printed[0].startswith("FAIL ")
    assert KEY not in "\n".join(printed)


def test_all_rules_run_even_if_one_fails(tiny_project: Project) -> None:
    (tiny_project.root / "Procfile").unlink()
    printed: list[str] = []
    last = Rule("last", "all is well", lambda _: [Finding("but look at this", is_note=True)])
    with pytest.raises(PreflightError, match=r"\(procfile\)"):
        run([RULES["procfile"], last], tiny_project, printed.append)
    assert [line.split()[:2] for line in printed if not line.startswith(" ")] == [
        ["FAIL", "procfile"],
        ["ok", "last"],
        ["note", "last"],
    ]


def test_debug_that_is_off_or_in_tests_is_fine(tiny_project: Project) -> None:
    build(
        tiny_project.root,
        {
            ".env": "FLASK_DEBUG=0\n",
            "app/config.py": "DEBUG = False\napp.run(debug=flag)\n",
            "tests/conftest.py": "create_app(DEBUG=True)\n",
        },
    )
    assert list(rules.debug(tiny_project)) == []


def test_data_that_git_ignores_is_shipped_and_noted(tiny_project: Project) -> None:
    build(
        tiny_project.root,
        {
            ".gitignore": "data/\n",
            "app/loaders/costs.py": LOADER.replace("sales", "costs"),
            "app/loaders/web.py": "SOURCE = 'https://example.org/x.csv'\n",
            "data/costs.csv": "a\n1\n",
            "data/unread.csv": "a\n1\n",
        },
    )
    (finding,) = rules.data(tiny_project)
    assert finding.is_note
    assert finding.sentence == "data/costs.csv is not in git, but it is shipped"
    shipped = [str(path) for path in files.shipped(tiny_project) if path.parts[0] == "data"]
    assert shipped == ["data/costs.csv", "data/sales.csv"]


def test_different_defaults_on_a_dashboard_are_noted(tiny_project: Project) -> None:
    chart = "TITLE = 'x'\nDATA = 'sales'\nSQL = ''\ndef table(df): ...\n"
    build(
        tiny_project.root,
        {
            "app/charts/a.py": f"{chart}FILTERS = {{'region': 'choice=North', 'day': ''}}\n",
            "app/charts/b.py": f"{chart}FILTERS = {{'region': '=East', 'day': 'days=this year'}}\n",
            "app/charts/c.py": f"{chart}FILTERS = {{'region': 'single=North'}}\n",
            "app/charts/d.py": f"{chart}FILTERS = {{'region': '=West'}}\nDASHBOARDS = ['Own']\n",
        },
    )
    (finding,) = rules.defaults(tiny_project)
    assert finding.is_note
    assert finding.sentence == (
        "Overview starts with region = North, the default in a.py; b.py has East"
    )


def test_roles_that_no_account_has_are_noted(tiny_project: Project) -> None:
    chart = "TITLE = 'x'\nDATA = 'sales'\nSQL = ''\ndef table(df): ...\n"
    build(
        tiny_project.root,
        {
            "app/charts/a.py": f"{chart}ROLES = ['editor', 'boss']\n",
            "app/charts/b.py": f"{chart}ROLES = 'admin'\nDASHBOARDS = ['Board']\n",
            "app/config.py": "DASHBOARD_ROLES: dict[str, list[str]] = {'Board': ['admn', 'admin']}\n",
        },
    )
    assert list(rules.roles(tiny_project)) == []  # a login of their own knows its roles
    models = {"app/blueprints/accounts/models.py": "ROLES = ('viewer', 'editor', 'admin')\n"}
    build(tiny_project.root, models)
    findings = list(rules.roles(tiny_project))
    assert all(finding.is_note for finding in findings)
    known = "which no account has: they are viewer, editor, admin"
    assert sentences(findings) == [
        f"DASHBOARD_ROLES in app/config.py: Board names the role 'admn', {known}",
        f"ROLES in app/charts/a.py names the role 'boss', {known}",
    ]


def test_links_out_of_the_project_are_refused(tiny_project: Project, tmp_path: Path) -> None:
    build(tmp_path, {"elsewhere/x.csv": f"{KEY}\n"})
    build(tiny_project.root, {"app/loaders/x.py": LOADER.replace("sales", "x")})
    (tiny_project.root / "data/x.csv").symlink_to(tmp_path / "elsewhere/x.csv")
    (tiny_project.root / "data/same.csv").symlink_to("sales.csv")
    assert sentences(rules.shipped_files(tiny_project)) == [
        "data/x.csv is a link out of the project"
    ]
    assert list(rules.no_secrets(tiny_project)) == []


def test_an_env_in_git_is_a_finding(tiny_project: Project) -> None:
    git(tiny_project, "add", "--force", ".env")
    assert sentences(rules.no_secrets(tiny_project)) == [".env is in git"]
    assert PurePosixPath(".env") not in files.shipped(tiny_project)


def test_the_lock_is_checked_with_no_network(tiny_project: Project, no_index: None) -> None:
    subprocess.run([environment.uv(), "lock", "-q"], cwd=tiny_project.root, check=True)
    assert list(rules.lock(tiny_project)) == []
    fresh = PYPROJECT.replace(">=3.11", ">=3.12")
    build(tiny_project.root, {"pyproject.toml": fresh})
    assert sentences(rules.lock(tiny_project)) == ["uv.lock does not match pyproject.toml"]
    fresh = PYPROJECT.replace("dependencies = []", 'dependencies = ["no-such-flaskdash-thing"]')
    build(tiny_project.root, {"pyproject.toml": fresh})
    (finding,) = rules.lock(tiny_project)
    assert finding.sentence.startswith("uv.lock may not match pyproject.toml")


def test_the_server_must_be_locked_and_all_have_wheels(tiny_project: Project) -> None:
    own = '[[package]]\nname = "tiny"\nsource = { virtual = "." }\ndependencies = [%s]\n'
    gunicorn = '[[package]]\nname = "gunicorn"\nsource = { registry = "x" }\n'
    from_git = '[[package]]\nname = "mine"\nsource = { git = "x" }\n'
    build(tiny_project.root, {"uv.lock": own % '{ name = "gunicorn" }' + gunicorn})
    assert list(rules.dependencies(tiny_project)) == []
    build(tiny_project.root, {"uv.lock": own % "" + gunicorn + from_git})
    assert sentences(rules.dependencies(tiny_project)) == [
        "gunicorn is not among the main dependencies",
        "mine comes from a folder or from git",
    ]
    build(tiny_project.root, {"Procfile": "web: waitress-serve app:app", "uv.lock": own % ""})
    assert list(rules.dependencies(tiny_project)) == []


@pytest.mark.parametrize(
    ("exit_code", "expected"),
    [
        (0, []),
        (1, ["the tests fail; FAILED tests/test_app.py::test_up; 1 failed"]),
        (5, ["the project has no tests"]),
    ],
)
def test_the_projects_tests_are_run(
    tiny_project: Project, exit_code: int, expected: list[str]
) -> None:
    python = tiny_project.root / ".venv/bin/python"
    script(
        python,
        f'echo "$@" >args; echo "FAILED tests/test_app.py::test_up"; echo "1 failed"; exit {exit_code}',
    )
    assert sentences(rules.tests(tiny_project)) == expected
    assert (tiny_project.root / "args").read_text() == "-m pytest -q\n"


def test_the_environment_is_not_made_from_a_lock_that_would_change(
    tiny_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("the lock would be written")

    monkeypatch.setattr(rules, "ensure_environment", never)
    script(tiny_project.root / ".venv/bin/python", "")
    assert list(rules.environment(tiny_project)) == []


@pytest.mark.parametrize(
    ("tree", "sentence"),
    [
        (
            {"data/Costs.csv": "", "data/costs.csv": ""},
            "data/Costs.csv and data/costs.csv differ only in case: Windows and macOS",
        ),
        (
            {"data/Costs.csv": "", "app/load.py": "read('data/costs.csv')\n"},
            "app/load.py names data/costs.csv, but the file is data/Costs.csv: a Linux server",
        ),
        (
            {"app/templates/Base.html": "", "app/templates/x.html": '{% extends "base.html" %}'},
            "app/templates/x.html names base.html, but the file is Base.html",
        ),
        (
            {"app/static/Logo.png": "", "app/templates/x.html": "<img src='/static/logo.png?v=1'>"},
            "app/templates/x.html names /static/logo.png, but the file is static/Logo.png",
        ),
        ({"Logo.png": "", "app/load.py": "title = 'logo'\nfile = 'Logo.png'\n"}, ""),
    ],
)
def test_names_that_differ_in_case_are_refused(
    tiny_project: Project, tree: dict[str, str], sentence: str
) -> None:
    build(tiny_project.root, tree)
    sentences = [finding.sentence for finding in RULES["case"].look(tiny_project)]
    assert [text for text in sentences if text.startswith(sentence)] == sentences
    assert bool(sentences) == bool(sentence)


def test_a_file_whose_case_git_does_not_know_is_refused(
    tiny_project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On macOS and Windows, git lists the old name of a renamed file, and the disk opens it."""
    build(tiny_project.root, {"app/serve.py": ""})
    names = [PurePosixPath("app/Serve.py"), PurePosixPath("README.md")]
    monkeypatch.setattr(files, "shipped", lambda _project: names)
    (finding,) = RULES["case"].look(tiny_project)
    assert finding.sentence.startswith("git has app/Serve.py, but the file is app/serve.py: ")
    assert finding.fix == "git mv app/Serve.py app/serve.py"
