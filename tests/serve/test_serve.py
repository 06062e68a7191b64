"""`flaskdash serve`: most tests run the real command on a tiny project, in its own process."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path, PurePath
from queue import Empty
from threading import Event, Thread
from typing import Any

import pytest
from click.testing import CliRunner

from flaskdash import shell
from flaskdash.commands.serve import command
from flaskdash.errors import FlaskdashError
from flaskdash.project import Project, environment
from flaskdash.project.environment import OfflineError, ensure_environment, stamp, sync
from flaskdash.serve.child import dev_host, problem
from flaskdash.serve.listen import listen, port_of
from flaskdash.serve.prod import as_exec, parse_web, serve_production, variables
from flaskdash.serve.terminal import qr_code
from flaskdash.serve.watch import Watch, file_system, relevant
from tests.support.serving import DEADLINE, Served, children, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="its projects have a Unix .venv")
COLOUR = "getComputedStyle(document.querySelector('p')).color"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
APP = """\
from pathlib import Path

from flask import Flask, request

from app.charts import sales


def create_app():
    app = Flask(__name__)

    @app.get("/")
    def home():
        data = Path("data/sales.csv").read_text()
        return f"<html><body>{sales.VALUE} {data}</body></html>"

    @app.get("/half")
    def half():
        return str(sales.half(request.args.get("of")))

    @app.get("/crash")
    def crash():
        import os

        os._exit(3)

    @app.get("/slow")
    def slow():
        import time

        time.sleep(0.5)
        return "done"

    return app
"""
CHART = """\
VALUE = "one"


def half(of):
    return int(of) / 2
"""


def build(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with a fresh environment, the tests' own, so that nothing is installed."""
    root = build(
        tmp_path / "tiny",
        {
            "pyproject.toml": '[project]\nname = "tiny"\n[tool.flaskdash]\ntitle = "Tiny sales"\n',
            "app/__init__.py": APP,
            "app/charts/__init__.py": "",
            "app/charts/sales.py": CHART,
            "app/static/style.css": "body { color: red }",
            "data/sales.csv": "10",
            ".venv/bin/python": f'#!/bin/sh\nexec "{sys.executable}" "$@"\n',
        },
    )
    (root / ".venv/bin/python").chmod(0o755)
    stamp(root)
    return root


@pytest.fixture
def start(project: Path) -> Iterator[Callable[..., Served]]:
    """Return a function that serves the project on a free port; stop all servers afterwards."""
    running: list[Served] = []

    def start_it(*args: str, **env: str) -> Served:
        port = () if "--port" in args else ("--port", "0")
        running.append(Served(project, *args, *port, **env))
        return running[-1]

    yield start_it
    for served in running:
        served.stop()


def boot(state: dict[str, Any]) -> str:
    return str(state["id"]).partition("-")[0]


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    with suppress(OSError):
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_serves_pages_with_the_reload_script(start):
    served = start()
    status, page = served.get("/", **{"Accept-Encoding": "gzip"})
    assert status == 200
    assert re.search(
        r'one 10<script src="/_dev/\S+/patch.js" defer></script>'
        r'<script src="/_dev/\S+/dev.js" data-id="\S+" data-css=".+" defer></script></body>',
        page,
    )
    for name in ("dev.js", "patch.js"):
        status, script = served.get(f"{served.base}/{name}")
        assert status == 200
        assert "location.reload()" in script or "patchPage" in script
        assert "eval" not in script
    assert served.get("/", **{"Sec-Fetch-Dest": "empty"})[1].endswith("</body></html>")
    assert served.get("/slow", **{"Sec-Fetch-Dest": "empty"}) == (200, "done")
    served.stop()
    assert served.process.returncode == 0


def test_answers_to_its_own_name_alone(start):
    served = start()
    port = served.address.rpartition(":")[2]
    for path in ("/", f"{served.base}/events", f"{served.base}/dev.js"):
        status, text = served.get(path, Host=f"evil.example:{port}")
        assert status == 403
        assert "does not answer to the name 'evil.example:" in text
        assert "one 10" not in text
    assert served.get("/", Host=f"localhost:{port}")[0] == 200


def test_dev_addresses_need_the_token_of_the_session(start):
    served = start()
    for name in ("up", "events", "dev.js", "edit"):
        assert served.get(f"/_dev/{name}")[0] == 403
        assert served.get(f"/_dev/guess/{name}")[0] == 403
    assert served.get(f"{served.base}/up") == (200, "up\n")


@pytest.mark.parametrize(
    ("header", "host", "is_trusted"),
    [
        ("localhost", "127.0.0.1", True),
        ("LOCALHOST.:5000", "127.0.0.1", True),
        ("shop.localhost", "127.0.0.1", True),
        ("127.0.0.1:5000", "127.0.0.1", True),
        ("[::1]:5000", "::1", True),
        ("192.168.1.5:5000", "192.168.1.5", True),
        ("box.lan:5000", "Box.lan", True),
        ("192.168.1.5", "0.0.0.0", True),
        ("[fe80::1]:5000", "::", True),
        (socket.gethostname(), "0.0.0.0", True),
        ("192.168.1.5", "127.0.0.1", False),
        (f"{socket.gethostname()}.evil.example", "0.0.0.0", False),
        ("evil.example", "0.0.0.0", False),
        ("evil.example:5000", "127.0.0.1", False),
        ("localhost.evil.example", "127.0.0.1", False),
        ("127.0.0.1.evil.example", "127.0.0.1", False),
        ("evil.example@localhost.x", "127.0.0.1", False),
        ("[::1", "127.0.0.1", False),
        ("", "127.0.0.1", False),
    ],
)
def test_only_hosts_of_this_machine_are_trusted(header, host, is_trusted):
    assert dev_host.is_trusted(header, host) is is_trusted


def test_takes_the_next_port(start):
    with listen("127.0.0.1", 0) as listener:
        port = port_of(listener)
        served = start("--port", str(port))
        assert served.wait(rf"Port {port} is in use; serving on port (\d+)")[1] in served.address


def test_a_saved_module_restarts_without_a_failed_request(start):
    served = start()
    before = served.state()
    results: list[object] = []
    stop = Event()

    def poll() -> None:
        while not stop.is_set():
            try:
                results.append(served.get("/")[0])
            except OSError as error:
                results.append(error)

    slow = Thread(target=lambda: results.append(served.get("/slow")[1][:4]))
    poller = Thread(target=poll)
    slow.start()
    poller.start()
    state = served.state_after(
        lambda: served.save("app/charts/sales.py", CHART.replace("one", "two"))
    )
    assert boot(state) != boot(before)  # app/__init__.py imports it, and is not quiet
    assert "two 10" in served.get("/")[1]
    # The same second and the same size: bytecode of the last version would look current.
    served.state_after(lambda: served.save("app/charts/sales.py", CHART.replace("one", "six")))
    assert "six 10" in served.get("/")[1]
    stop.set()
    poller.join()
    slow.join()
    assert set(results) == {200, "done"}
    (keeper,) = children(served.process.pid)
    until(lambda: len(children(keeper)) == 1, "the old processes end")


@pytest.mark.parametrize(
    ("line", "title"), [("half = (", "SyntaxError"), ("half = 1 / 0", "ZeroDivisionError")]
)
def test_an_error_at_import_is_shown_beside_the_last_good_pages(start, line, title):
    served = start()
    text = f'VALUE = "two"\n{line}\n'
    state = served.state_after(lambda: served.save("app/charts/sales.py", text), key="problem")
    assert title in state["problem"]["title"]
    assert (state["problem"]["file"], state["problem"]["line"]) == ("app/charts/sales.py", 2)
    assert [2, line] in state["problem"]["excerpt"]
    assert "one 10" in served.get("/")[1]
    served.wait(f"app/charts/sales.py, line 2: {title}")
    state = served.state_after(
        lambda: served.save("app/charts/sales.py", CHART.replace("one", "six")), key="problem"
    )
    assert state["problem"] is None
    assert "six 10" in served.get("/")[1]


def test_an_error_at_the_first_start_is_shown_until_it_is_fixed(start, project):
    (project / "app/charts/sales.py").write_text("half = (\n")
    served = start()
    status, page = served.get("/any")
    assert status == 500
    assert "SyntaxError" in page
    assert "app/charts/sales.py, line 1" in page
    assert "<span class=here>   1  half = (</span>" in page
    assert page.count("/dev.js") == 1
    served.state_after(lambda: served.save("app/charts/sales.py", CHART))
    assert served.get("/")[0] == 200


def test_an_error_at_start_can_be_fixed_by_any_file(start, project):
    text = APP.replace("    @app.get", '    Path("data/more.csv").read_text()\n\n    @app.get', 1)
    (project / "app/__init__.py").write_text(text)
    served = start()
    status, page = served.get("/")
    assert status == 500
    assert "app/__init__.py, line 11" in page
    served.state_after(lambda: served.save("data/more.csv", "1"))
    assert served.get("/")[0] == 200


def test_an_exception_in_a_view_shows_file_and_line(start):
    served = start()
    status, page = served.get("/half?of=%3Cscript%3Ealert(1)%3C/script%3E")
    assert status == 500
    assert "<h1>ValueError: invalid literal for int() with base 10: &#x27;&lt;script&gt;" in page
    assert "app/charts/sales.py, line 5" in page
    assert "alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "dev_app.py" not in page
    assert served.get("/half?of=4") == (200, served.get("/half?of=4")[1])
    served.state_after(lambda: served.save("app/charts/sales.py", CHART.replace("int(of)", "4")))
    assert served.get("/half?of=x")[0] == 200


def test_saved_data_reloads_the_page_without_a_restart(start):
    served = start()
    before = served.state()
    served.save("new.csv", "20")
    state = served.state_after(
        lambda: (served.root / "new.csv").replace(served.root / "data/sales.csv")
    )
    assert boot(state) == boot(before)
    assert "one 20" in served.get("/")[1]
    # The app rebuilds its snapshot by itself, a moment later.
    state = served.state_after(lambda: served.save("instance/sales.json", '{"file": "a"}'))
    assert boot(state) == boot(before)
    assert f'data-id="{state["id"]}"' in served.get("/")[1]


def test_a_snapshot_in_another_folder_reloads_the_page(start, project, tmp_path):
    (tmp_path / "moved").mkdir()
    moved = f'    app.config["INSTANCE"] = {str(tmp_path / "moved")!r}\n\n    @app.get'
    (project / "app/__init__.py").write_text(APP.replace("    @app.get", moved, 1))
    served = start()
    served.state_after(lambda: (tmp_path / "moved/sales.json").write_text('{"file": "a"}'))


def test_a_saved_style_sheet_leaves_the_page(start):
    served = start()
    before = served.state()
    state = served.state_after(lambda: served.save("app/static/style.css", "body {}"), key="css")
    assert state == {**before, "css": state["css"]}


def test_a_browser_follows_and_keeps_its_filters(start, project, browser):
    policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"
    page = f"""\
from flask import Flask, Response

from app.charts import sales


def create_app():
    app = Flask(__name__)

    @app.get("/")
    def home():
        style = '<link rel="stylesheet" href="/static/style.css">'
        page = f"<html><head>{{style}}</head><body><p>{{sales.VALUE}}</p></body></html>"
        return Response(page, headers={{"Content-Security-Policy": "{policy}", "ETag": "x"}})

    return app
"""
    (project / "app/__init__.py").write_text(page)
    served = start()
    tabs = [browser.new_page(), browser.new_page()]
    for tab in tabs:
        tab.set_default_timeout(DEADLINE * 1000)
        tab.goto(f"{served.address}/?region=north")
    served.save("app/static/style.css", "p { color: rgb(0, 0, 255) }")
    for tab in tabs:
        # Not wait_for_function: it evaluates text in the page, which the policy forbids.
        until(lambda tab=tab: tab.evaluate(COLOUR) == "rgb(0, 0, 255)", "the new style")
    for value in ("two", "(", "six"):
        served.save("app/charts/sales.py", f'VALUE = "{value}"' if value != "(" else value)
        selector = "h2" if value == "(" else f"text={value}"
        for tab in tabs:
            tab.wait_for_selector(selector)
            assert tab.url.endswith("/?region=north")
    for tab in tabs:
        tab.close()


def test_a_data_folder_that_is_replaced_is_still_watched(start):
    served = start()
    served.state_after(lambda: (served.root / "data").rename(served.root / "old"))
    (served.root / "data").mkdir()
    served.wait("data: data reloaded")

    def saved_again() -> bool:
        served.save("data/sales.csv", str(time.monotonic_ns()))
        return "data/sales.csv: data reloaded" in served.printed()

    until(saved_again, "data/sales.csv noticed")


def test_a_crash_is_reported_and_a_save_restarts(start):
    served = start()
    served.wait("Serving")
    with pytest.raises(OSError, match="closed connection"):
        served.get("/crash")
    served.wait("ended with exit code 3")
    until(lambda: "ended with exit code 3" in served.get("/")[1], "the page says so")
    served.save("data/sales.csv", "30")
    until(lambda: "one 30" in served.get("/")[1], "the saved data")


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("/home/me/shop", "ext4"), ("/mnt/share/shop", "nfs4"), ("/mnt/share", "nfs4")],
)
def test_disks_of_a_network_are_recognised(tmp_path, folder, kind):
    mounts = tmp_path / "mounts"
    mounts.write_text("/dev/sda / ext4 rw 0 0\nhost:/share /mnt/share nfs4 rw 0 0\n")
    assert file_system(Path(folder), mounts) == kind


def test_many_files_are_one_change(start, project):
    served = start()
    served.wait("Serving")
    for number in range(500):
        served.save(f"data/{number}.csv", "1")
    match = served.wait(r"data/\d+\.csv and (\d+) more: data reloaded")
    assert int(match[1]) == 499
    assert served.printed().count("reloaded") == 1


def test_the_files_of_a_new_folder_are_seen(tmp_path):
    root = tmp_path / "shop"
    (root / "app").mkdir(parents=True)
    for number in range(20):  # the folder is often watched before its files are there
        new = tmp_path / str(number)
        (new / "migrations/.hidden").mkdir(parents=True)
        (new / "migrations/first.py").touch()
        (new / "migrations/.hidden/second.py").touch()
    saved: set[PurePath] = set()

    def is_saved(name: PurePath) -> bool:
        with suppress(Empty):
            saved.update(watch.get(0.1))
        return name in saved

    with Watch(root, print) as watch:
        until(
            lambda: (
                (root / "app/a.py").write_text(str(time.monotonic_ns()))
                and is_saved(PurePath("app/a.py"))
            )
        )
        for number in range(20):
            (tmp_path / str(number)).rename(root / "app" / str(number))
            until(lambda: is_saved(PurePath(f"app/{number}/migrations/first.py")), str(number))  # noqa: B023
    assert not [name for name in saved if ".hidden" in name.parts]


def test_a_save_right_after_another_one_is_not_missed(start):
    served = start()
    served.wait("Serving")
    for number in range(200):
        served.save("app/charts/sales.py", CHART.replace("one", str(number)))
        time.sleep(0.005)
    until(lambda: "199 10" in served.get("/")[1], "the last one")


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal")
def test_keys_restart_and_quit(project):
    import pexpect

    code = "from flaskdash.commands.serve import command; command()"
    arguments = ["-c", code, "--no-open", "--port", "0"]
    serve = pexpect.spawn(sys.executable, arguments, cwd=project, timeout=DEADLINE)
    serve.expect("o opens it, r restarts, q quits")
    serve.send("c")
    serve.expect("flaskdash add-chart")
    serve.send("r")
    serve.expect("the project: restarted in")
    serve.send("q")
    serve.expect(pexpect.EOF)
    serve.close()
    assert serve.exitstatus == 0


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal")
@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_phone_opens_the_address_by_a_qr_code(project, host):
    import pexpect

    code = "from flaskdash.commands.serve import command; command()"
    arguments = ["-c", code, "--no-open", "--port", "0", "--host", host]
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    serve = pexpect.spawn(
        sys.executable, arguments, cwd=project, timeout=DEADLINE, env=environment, encoding="utf-8"
    )
    serve.expect(r"Everybody in your network can open it: (http://[\w.-]+:\d+)\r\n")
    address = serve.match[1]
    for line in qr_code(address).splitlines():
        serve.expect_exact(line)
    serve.send("q")
    serve.expect(pexpect.EOF)
    serve.close()


def test_no_qr_code_without_a_terminal(start):
    everywhere = start("--host", "0.0.0.0")
    everywhere.wait("Everybody in your network can open it: http://")
    assert "█" not in everywhere.printed()


def test_a_qr_code_holds_the_address():
    import segno

    address = "http://192.168.178.55:5000"
    lights = {"█": (0, 0), "▀": (0, 1), "▄": (1, 0), " ": (1, 1)}  # upper and lower module
    lines = [re.sub(r"\x1b\[[\d;]+m", "", line) for line in qr_code(address).splitlines()]
    rows = [[lights[block][half] for block in line] for line in lines for half in (0, 1)]
    matrix = [list(row) for row in segno.make(address, micro=False).matrix]
    size = len(matrix)
    assert [row[2:-2] for row in rows[2 : size + 2]] == matrix
    assert not any(map(any, rows[:2]))
    assert not any(row[0] or row[1] or row[-1] or row[-2] for row in rows[: size + 4])


def test_a_broken_environment_is_reported(start, project):
    (project / ".venv/bin/python").write_text("#!/bin/sh\nexit 9\n")
    served = start()
    assert served.process.wait(DEADLINE) == 1
    assert "ended with exit code 9 before it could serve" in served.printed()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stops_cleanly(start, number):
    served = start()
    child = served.address and children(served.process.pid)[0]
    host, port = served.address.removeprefix("http://").split(":")
    with closing(HTTPConnection(host, int(port), timeout=DEADLINE)) as events:
        events.request("GET", "/_dev/events")
        events.getresponse().readline()
        start_time = time.monotonic()
        os.killpg(served.process.pid, number)  # as a terminal does: the child gets it too
        assert served.process.wait(DEADLINE) == 0
        assert time.monotonic() - start_time < 2
    assert not alive(child)
    assert "Traceback" not in served.printed()


def test_a_killed_parent_leaves_no_child(start):
    served = start()
    child = served.address and children(served.process.pid)[0]
    served.process.kill()
    served.process.wait()
    until(lambda: not alive(child), "the child ends")


def test_killed_processes_are_replaced(start):
    served = start()
    (keeper,) = served.address and children(served.process.pid)
    time.sleep(2.1)  # a process that lives shorter is not started again by itself
    (worker,) = children(keeper)
    os.kill(worker, signal.SIGKILL)
    until(lambda: children(keeper) not in ([], [worker]), "another worker")
    assert served.get("/")[0] == 200
    (worker,) = children(keeper)
    os.kill(keeper, signal.SIGKILL)
    served.wait("process ended with exit code -9")
    until(lambda: not alive(worker), "the worker ends")
    assert served.get("/")[0] == 200
    served.save("app/charts/sales.py", CHART.replace("one", "two"))
    until(lambda: "two 10" in served.get("/")[1], "the change")


def test_a_save_while_another_one_is_imported_is_not_missed(start):
    served = start()
    served.wait("Serving")
    for name in ("two", "three", "four"):
        slow = f'import os, time\nos.environ["X"] = "1"\ntime.sleep(1)\nVALUE = "{name}"\n'
        served.save("app/charts/sales.py", slow)
        time.sleep(0.3)
        assert "one 10" in served.get("/")[1]
    until(lambda: "four 10" in served.get("/")[1], "the last one")
    assert "three" not in served.get("/")[1]


@pytest.mark.parametrize("remove", [shutil.rmtree, lambda root: root.rename(root.parent / "new")])
def test_a_project_that_is_moved_or_deleted_ends_the_server(start, project, remove):
    served = start()
    served.wait("Serving")
    remove(project)
    assert served.process.wait(DEADLINE) == 1
    assert f"{project} does not exist any more." in served.printed()
    assert "Traceback" not in served.printed()


def test_prod_runs_the_web_line(start, project):
    script = """\
import os, sys, threading
print("PORT", os.environ["PORT"], os.environ.get("FLASK_DEBUG"), sys.argv[1], flush=True)
threading.Event().wait()
"""
    build(project, {"Procfile": "# x\nweb: python web.py 'a b'\n", "web.py": script})
    with listen("127.0.0.1", 0) as free:
        port = port_of(free)
    served = start("--prod", "--port", str(port), FLASK_DEBUG="1")
    served.wait(rf"PORT {port} None a b")
    assert not children(served.process.pid)  # no shell and no flaskdash stay in between
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(DEADLINE) == -signal.SIGTERM


def test_prod_passes_the_exit_code_on(start, project):
    build(project, {"Procfile": "web: A=1 sh -c 'exit 7'\n"})
    assert start("--prod").process.wait(DEADLINE) == 7


def test_prod_runs_gunicorn_on_the_host_and_port(start, project):
    build(project, {"Procfile": 'web: python -m gunicorn "app:create_app()"\n'})
    served = start("--prod")
    address = served.wait(r"Listening at: (http://127\.0\.0\.1:\d+) ")[1]
    with urllib.request.urlopen(address, timeout=DEADLINE) as response:
        assert b"one 10" in response.read()
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(DEADLINE) == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the Procfile has no web line"),
        ("worker: x\n", "the Procfile has no web line"),
        ("web gunicorn\n", "Procfile, line 1 is not 'NAME: COMMAND': web gunicorn"),
        ("# hello\n\nweb:\n", "Procfile, line 3 is not 'NAME: COMMAND': web:"),
    ],
)
def test_an_invalid_procfile_is_reported(text, message):
    with pytest.raises(FlaskdashError, match=re.escape(message)):
        parse_web(text)


def test_a_missing_procfile_is_reported(start):
    served = start("--prod")
    assert served.process.wait(DEADLINE) == 1
    assert "has no Procfile" in served.printed()


def test_prod_on_windows_is_reported(project, monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(FlaskdashError, match="does not run on Windows"):
        serve_production(Project(project, "tiny", "Tiny"), "127.0.0.1", 0, print)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("gunicorn 'app:create_app()'", "exec gunicorn 'app:create_app()'"),
        ('gunicorn "app:create_app(a=1)"', 'exec gunicorn "app:create_app(a=1)"'),
        ("A=1 gunicorn app", "exec env A=1 gunicorn app"),
        ("exec gunicorn app", "exec gunicorn app"),
        ("flask migrate && gunicorn app", "flask migrate && gunicorn app"),
    ],
)
def test_a_command_takes_the_place_of_its_shell(line, text):
    assert as_exec(line) == text


def test_arguments_for_gunicorn_are_preserved(project, monkeypatch):
    here = Project(project, "tiny", "Tiny")
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "--threads 2")
    assert variables(here, "::1", 80)["GUNICORN_CMD_ARGS"] == "--threads 2 --bind [::1]:80"
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "--bind unix:x")
    assert variables(here, "::1", 80)["GUNICORN_CMD_ARGS"] == "--bind unix:x"


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("app/charts/x.py", True),
        ("data/a/b.csv", True),
        (".env", True),
        ("pyproject.toml", True),
        ("uv.lock", True),
        ("README.md", False),
        ("tests/test_app.py", False),
        ("instance/sales.parquet", False),
        ("app/charts/__pycache__/x.cpython-311.pyc", False),
        ("app/charts/.x.py.swp", False),
        ("app/charts/x.py~", False),
        ("app/charts/4913", False),
        ("data/.~lock.sales.csv#", False),
        ("data/sales.csv.part", False),
        ("data/~$sales.xlsx", False),
        ("app/charts/5036", False),
        ("app/charts/#x.py#", False),
        ("app/charts/.#x.py", False),
        ("app/charts/x.py.swo", False),
        ("app/charts/x.py.tmp", False),
        ("app/charts/x.py.tmp.4711.1f", False),
        ("app/charts/x.py___jb_tmp___", False),
        ("app/charts/sedAb3dEf", False),
        ("app/charts/tmp.py", True),
        ("app/charts/sed.py", True),
        ("data/2024", True),
    ],
)
def test_only_files_of_the_dashboard_count(name, counts):
    assert relevant(PurePath(name)) is counts


@pytest.mark.parametrize(
    ("host", "message"),
    [("no.such.host.invalid", "is not an address"), ("203.0.113.7", "is not an address")],
)
def test_a_host_of_another_machine_is_reported(host, message):
    with pytest.raises(FlaskdashError, match=message):
        listen(host, 0)


def test_open_does_not_go_with_prod():
    result = CliRunner().invoke(command, ["--prod", "--open"])
    assert result.exit_code == 2
    assert "--open cannot be used with --prod" in result.output


def test_the_page_names_the_first_cause(tmp_path):
    file = build(tmp_path, {"app/bad.py": "def load():\n    {}['x']\n"}) / "app/bad.py"
    scope: dict[str, Any] = {}
    exec(compile(file.read_text(), str(file), "exec"), scope)
    try:
        try:
            scope["load"]()
        except KeyError as cause:
            raise RuntimeError("app/bad.py: <no>") from cause
    except RuntimeError as error:
        page = problem.render(problem.describe(error, tmp_path), "/_dev")
    assert "<h1>RuntimeError: app/bad.py: &lt;no&gt;</h1>" in page
    assert "app/bad.py, line 2" in page


def test_a_project_is_found_from_inside(project):
    parent = Project.find(project / "app" / "charts")
    assert (parent.root, parent.name, parent.title) == (project, "tiny", "Tiny sales")
    assert parent.loaders == project / "app" / "loaders"


def test_no_project_is_reported(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(command)
    assert result.exit_code == 1
    assert "is not inside a flaskdash project" in result.output


def test_a_broken_pyproject_is_reported(tmp_path):
    build(tmp_path, {"pyproject.toml": "[tool\n"})
    with pytest.raises(FlaskdashError, match=r"pyproject\.toml is not valid TOML"):
        Project.find(tmp_path)


def test_a_fresh_environment_starts_no_process(project, monkeypatch):
    commands: list[object] = []
    monkeypatch.setattr(shell, "run", lambda *args, **_: commands.append(args))
    ensure_environment(Project.find(project), print)
    assert not commands
    (project / "uv.lock").write_text("changed")
    ensure_environment(Project.find(project), print)
    assert len(commands) == 1
    ensure_environment(Project.find(project), print)
    assert len(commands) == 1


UV_PROJECT = """\
[project]
name = "moved"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["gunicorn>=23"]
[tool.uv]
package = false
[tool.flaskdash]
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a fresh clone: a project without an environment."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}\n"
    return build(tmp_path / "here", {"pyproject.toml": UV_PROJECT, ".python-version": version})


def test_a_relocatable_environment_can_be_moved(clone, tmp_path):
    try:
        environment.lock(clone)
        sync(clone)
    except OfflineError:
        pytest.skip("needs the package index")
    moved = clone.rename(tmp_path / "moved")
    out = subprocess.run(
        [moved / ".venv/bin/gunicorn", "--version"], capture_output=True, text=True
    )
    assert "gunicorn" in out.stdout, out
    assert environment.is_fresh(moved)


def test_no_network_and_no_environment_is_reported(clone, tmp_path, monkeypatch):
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(clone)
    result = CliRunner().invoke(command)
    assert result.exit_code == 1
    assert "cannot be reached" in result.output
    assert "Try: flaskdash serve\n" in result.output


def test_no_network_keeps_the_existing_environment(project, monkeypatch):
    def fail(*args: object, **_: object) -> str:
        raise shell.CommandError(["uv"], 2, "cause: dns error")

    monkeypatch.setattr(shell, "run", fail)
    (project / "uv.lock").write_text("changed")
    output: list[str] = []
    ensure_environment(Project.find(project), output.append)
    assert "The environment is not updated" in output[0]
