"""The snapshots of the generated app: built, rebuilt, damaged, and never written over."""

from __future__ import annotations

from pathlib import Path

import pytest

from flaskdash.project import Project, contents
from tests.support.projects import alone, inside, replace_in, start_error
from tests.support.waiting import wait_for

FAILING = ("    return df", '    open("calls", "a").write("x")\n    raise OSError("pass" "word")')


def test_a_first_build_that_fails_is_remembered(project: Path) -> None:
    replace_in(project, "loaders/sales.py", FAILING)
    code = """
        for path in ("/", "/charts/revenue-by-region/data.json", "/"):
            answer = get(path)
            assert answer.status_code == 503
            assert 0 < int(answer.headers["Retry-After"]) <= 30
            assert "sales failed (OSError" in answer.text, answer.text
            assert "password" not in answer.text
        assert get("/ready").status_code == 503
        assert get("/up").status_code == 200
        """
    assert "password" in inside(project, code)
    inside(project, code)  # another process knows it too
    assert (project / "calls").read_text() == "x"
    replace_in(project, "loaders/sales.py", (FAILING[1], "    return df"))
    inside(project, 'assert get("/").status_code == 200')


KILLS = {
    "os._exit(9)": "its process ended with status 9",
    "os._exit(0)": "its process ended with status 0",
    "os.kill(os.getpid(), 9)": "its process ended: Killed",
    "blocks = [bytearray(b'x' * 2**22) for _ in iter(int, 1)]": "it needs more than 300 MB of memory",
    "print('x' * 2**20); time.sleep(600)": "it takes more than 10 s",
}


@pytest.mark.parametrize("kill", KILLS)
def test_a_source_that_kills_its_process_stops_no_server(project: Path, kill: str) -> None:
    """The last good snapshot stays, and the source is not read again at once."""
    inside(project, 'data["sales"].build()')
    if "takes" in KILLS[kill]:
        replace_in(project, "engine/reader.py", ("SECONDS = 3600", "SECONDS = 10"))
    if "memory" in KILLS[kill]:
        replace_in(project, "engine/reader.py", ("MEMORY_SHARE * _machine_memory()", "300 * 2**20"))
    body = f"""    import os, time
    open("calls", "a").write("x")
    {kill}
    return df"""
    replace_in(project, "loaders/sales.py", ("    return df", body))
    ask = f"""
        answers = []
        while not (state := data["sales"].peek()).error:
            answers.append(get("/").status_code)
            time.sleep(0.2)
        assert {{*answers}} <= {{200}}
        assert state.error == {KILLS[kill]!r}
        assert (state.attempts, state.rows) == (1, 360), state
        assert get("/").status_code == 200
        """
    alone(project, ask)
    alone(project, ask)
    assert (project / "calls").read_text("utf-8") == "x"
    assert len([*(project / "instance").glob("sales.*.parquet")]) == 1


def test_a_reader_ends_with_its_server(project: Path) -> None:
    body = """    import os, time
    open("reader", "w").write(str(os.getpid()))
    time.sleep(600)
    return df"""
    replace_in(project, "loaders/sales.py", ("    return df", body))
    alone(
        project,
        """
        app.engine.snapshots.WAIT_SECONDS = 0
        assert get("/").status_code == 503
        while not (Path("reader").exists() and Path("reader").read_text()):
            time.sleep(0.05)
        """,
    )
    reader = Path("/proc", (project / "reader").read_text("utf-8"))
    wait_for(lambda: not reader.exists(), "the end of the reader")


def test_a_first_attempt_that_fails_is_repeated_at_once_the_next_ones_later(project: Path) -> None:
    inside(
        project,
        """
        def wait(**fields):
            return data["sales"]._lasts(app.engine.models.State(**fields))
        assert [wait(attempts=n) for n in (1, 2, 3, 100)] == [0, 30, 60, 3840]
        assert [wait(attempts=n, error="bad") for n in (1, 2, 100)] == [30, 60, 3840]
        """,
    )


def test_a_failure_is_remembered_where_the_disk_is_full(project: Path) -> None:
    replace_in(project, "loaders/sales.py", FAILING)
    inside(
        project,
        """
        (data["sales"].folder / "sales.json.tmp").mkdir(parents=True)  # so that it can't be written
        for _ in range(3):
            assert get("/").status_code == 503
            data["sales"]._checked.cache_clear()
        assert Path("calls").read_text() == "x"
        app.engine.snapshots.RETRY_SECONDS = 0
        assert get("/").status_code == 503
        assert Path("calls").read_text() == "xx"
        """,
    )


@pytest.mark.parametrize("obstacle", ["file", "read-only", "no-locks"])
def test_an_instance_folder_that_cannot_be_written(project: Path, obstacle: str) -> None:
    """The page says what is wrong, and the try is repeated later, not at each request."""
    if obstacle == "file":
        (project / "instance").write_text("secret", "utf-8")
    else:
        error = {"read-only": 'OSError(30, "secret")', "no-locks": "NotImplementedError"}[obstacle]
        replace_in(
            project,
            "engine/snapshots.py",
            (
                "class ColumnsChanged",
                f"def FileLock(path):\n    raise {error}\n\n\nclass ColumnsChanged",
            ),
        )
    log = inside(
        project,
        """
        for _ in range(3):
            answer = get("/")
            assert answer.status_code == 503
            assert "sales failed (cannot write to the instance folder: see the log)" in answer.text
            assert "secret" not in answer.text
            assert 1 < int(answer.headers["Retry-After"]) <= 30
            data["sales"]._checked.cache_clear()
        error = get("/ready").json["loaders"]["sales"]["error"]
        assert error == "cannot write to the instance folder"
        """,
    )
    assert log.count("Traceback") == 1
    if obstacle == "file":
        (project / "instance").unlink()
        inside(project, 'assert get("/").status_code == 200')


def test_requests_do_not_wait_for_ever_for_a_first_build(project: Path) -> None:
    replace_in(
        project, "loaders/sales.py", ("    return df", "    import time; time.sleep(3); return df")
    )
    inside(
        project,
        """
        app.engine.snapshots.WAIT_SECONDS = 0.2
        for _ in range(3):
            answer = get("/")
            assert answer.status_code == 503
            assert "still reading" in answer.text
            assert answer.headers["Retry-After"]
        app.engine.snapshots.WAIT_SECONDS = 30
        assert get("/").status_code == 200
        """,
    )


def test_a_damaged_snapshot_is_built_anew(project: Path) -> None:
    damage = """
        data["sales"].build()
        path = data["sales"].folder / data["sales"].peek().file
        whole = path.read_bytes()
        path.write_bytes(BAD)
        """
    for bad in ('b""', "whole[:-100]", "whole[:len(whole) // 2] + bytes(len(whole) // 2)"):
        inside(project, damage.replace("BAD", bad))
        inside(project, 'assert get("/charts/total-revenue/data.json").status_code == 200')
    inside(
        project, 'data["sales"].build(); (data["sales"].folder / "sales.json").write_text("{}x")'
    )
    inside(project, 'assert get("/").status_code == 200')


def test_a_damaged_state_counts_as_none(project: Path) -> None:
    """Whatever the state's file holds, the page answers, and the data is read anew."""
    inside(
        project,
        r"""
        sales = data["sales"]
        good = json.loads(sales.build().to_json())
        file = sales.folder / "sales.json"
        texts = [
            "", "{}x", "null", "[]", "[1, 2]", '"x"', "0", "NaN", "\0" * 100, "[" * 100_000,
            '{"a":' * 100_000, '{"tried": 1}', '{"tried":"x","built":1}', '{"unknown": 1}',
        ]
        texts += [json.dumps(good | {key: wrong}) for key in good for wrong in (None, [], {"a": 1})]
        texts += [json.dumps(good | {key: 7}) for key in good if key not in {"tried", "rows", "unread"}]
        texts += [json.dumps(good | {key: "x"}) for key in ("tried", "rows", "unread")]
        texts += [json.dumps(good | {"file": name}) for name in ("", "\0", "x" * 5_000, "..", "/")]
        texts += [json.dumps(good | {"tried": when}) for when in (float("nan"), float("inf"), -1e308)]
        texts += [json.dumps(good | {"error": "\ud83d"}), json.dumps(good)[:50]]
        for damage in [*(text.encode() for text in texts), b"\xff\xfe\x00", os.urandom(500)]:
            file.write_bytes(damage)
            sales._last_attempt = app.engine.models.State()
            sales._checked.cache_clear()
            assert get("/ready").status_code in {200, 503}, damage[:80]
            assert get("/charts/total-revenue/data.json").status_code == 200, damage[:80]
        """,
    )


def test_a_snapshot_of_garbage_is_built_anew(project: Path) -> None:
    """Also one whose last bytes are right, and while the application runs."""
    inside(
        project,
        """
        sales = data["sales"]
        assert get("/").status_code == 200
        for garbage in (b"PAR1", os.urandom(5_000) + b"PAR1", None):
            path = sales.folder / sales.peek().file
            whole = path.read_bytes()
            path.write_bytes(garbage or whole[:100] + bytes(200) + whole[300:])
            sales._checked.cache_clear()
            assert get("/charts/total-revenue/data.json").status_code == 200
            assert (sales.folder / sales.peek().file).read_bytes() == whole
        """,
    )


def test_a_source_may_vanish(project: Path) -> None:
    inside(
        project,
        """
        assert get("/").status_code == 200
        Path("data/sales.csv").unlink()
        data["sales"]._checked.cache_clear()
        assert get("/").status_code == 200
        data["sales"]._build.join()
        data["sales"]._checked.cache_clear()
        assert "The last refresh failed" in get("/").text
        """,
    )


def test_a_loader_is_read_again_when_refresh_has_passed(project: Path) -> None:
    loader = project / "app/loaders/clock.py"
    loader.write_text(
        'import time\n\nREFRESH = "15m"\nSOURCE = "https://example.com/x.csv"\n\n\n'
        "def load():\n    import pandas as pd\n\n    return pd.DataFrame({'t': [time.time()]})\n",
        "utf-8",
    )
    inside(
        project,
        """
        first = data["clock"].state()
        assert data["clock"].check() == first
        later = time.time() + 901
        time.time = lambda: later
        assert data["clock"].check() == first  # the last good one, while the next is built
        data["clock"]._build.join()
        assert data["clock"].check().built > first.built
        assert engine.loaders["sales"].max_age > 10**9
        first = data["sales"].build()
        assert data["sales"].build() == first
        assert data["sales"].build(force=True).built > first.built
        """,
    )
    loader.write_text(loader.read_text("utf-8").replace("SOURCE", "PLACE"), "utf-8")
    inside(project, 'assert data["clock"].build().rows == 1')


def test_a_change_of_any_source_of_a_list_is_noticed(project: Path) -> None:
    (project / "data/prices.csv").write_text("product,price\nTea,3\n", "utf-8")
    path = 'Path(__file__).parents[2] / "data"'
    (project / "app/loaders/prices.py").write_text(
        f"from pathlib import Path\n\nSOURCE = [{path} / 'sales.csv', {path} / 'prices.csv']\n\n\n"
        "def load():\n    import pandas as pd\n\n    return pd.read_csv(SOURCE[1])\n",
        "utf-8",
    )
    inside(
        project,
        """
        prices = data["prices"]
        assert prices.build().rows == 1
        with open("data/prices.csv", "a") as file:
            file.write("Cocoa,4\\n")
        assert prices.build().rows == 2
        first = prices.build()
        with open("data/sales.csv", "a") as file:
            file.write("\\n")
        assert prices.build().built > first.built
        """,
    )
    loader = contents.loaders(Project.find(project))["prices"]
    assert loader.sources == ("data/sales.csv", "data/prices.csv")


def test_a_clock_that_was_wrong_does_not_stop_refreshes(project: Path) -> None:
    """A state from the future is old: after a success, and after an error."""
    replace_in(project, "loaders/sales.py", ("SOURCE =", 'REFRESH = "1h"\nSOURCE ='))
    inside(
        project,
        """
        sales = data["sales"]
        now = time.time
        time.time = lambda: now() + 366 * 86_400
        first = sales.build()
        time.time = now
        assert sales.build().built != first.built
        assert sales.build() == sales.build()
        time.time = lambda: now() + 366 * 86_400
        sales.build(force=True)
        time.time = now
        """,
    )
    inside(project, 'old = data["sales"].peek(); assert data["sales"].build().built != old.built')
    replace_in(project, "loaders/sales.py", FAILING)
    inside(
        project,
        """
        now = time.time
        time.time = lambda: now() + 366 * 86_400
        data["sales"].folder.joinpath("sales.json").unlink()
        data["sales"].build()
        time.time = now
        assert 0 < int(get("/").headers["Retry-After"]) <= 60
        data["sales"].build()
        data["sales"].build()
        assert Path("calls").read_text() == "xx"
        """,
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('REFRESH = "15m"', "", "SOURCE or REFRESH is missing. See "),
        ('"15m"', '"0m"', "REFRESH is '0m'. Write 30s, 15m, 1h or 1d."),
        ('"15m"', '"soon"', "REFRESH is 'soon'. Write 30s, 15m, 1h or 1d."),
        ('"15m"', "15", "REFRESH is 15. Write 30s, 15m, 1h or 1d."),
    ],
)
def test_a_refresh_that_does_not_fit_fails_at_the_start(
    project: Path, old: str, new: str, message: str
) -> None:
    loader = project / "app/loaders/clock.py"
    loader.write_text('REFRESH = "15m"\n\n\ndef load():\n    pass\n'.replace(old, new), "utf-8")
    assert f"app/loaders/clock.py: {message}" in start_error(project)


def test_rows_that_cannot_be_read_are_counted(project: Path) -> None:
    source = project / "data" / "sales.csv"
    source.write_text(source.read_text("utf-8") + "2024-01-01,North,Tea,1,2,3,4\n" * 3, "utf-8")
    replace_in(
        project, "loaders/sales.py", ("read_csv(SOURCE", "read_csv(SOURCE, on_bad_lines='warn'")
    )
    printed = inside(
        project,
        """
        state = data["sales"].build()
        assert (state.rows, state.unread, state.error) == (360, 3, ""), state
        assert "360 rows (and 3 that can" in get("/").text
        """,
    )
    assert "Skipping line 362" in printed


@pytest.mark.parametrize(
    ("csv", "error"),
    [
        ("date,region,product,units\n2024-01-01,North,Tea,3\n", "revenue is gone"),
        (
            "date,region,product,units,revenue\n2024-01-01,1,Tea,many,1.5\n",
            "region was VARCHAR, is BIGINT; units was BIGINT, is VARCHAR",
        ),
        ("date,region,product,units,revenue,new\n2024-01-01,North,Tea,3.5,2,x\n", ""),
        ("date,region,product,units,revenue\n2024-01-01,,Tea,,2\n", ""),
    ],
)
def test_a_refresh_that_changes_columns_says_which(project: Path, csv: str, error: str) -> None:
    """The last good snapshot stays, until the loader is saved: that accepts the change."""
    inside(project, 'data["sales"].build()')
    (project / "data/sales.csv").write_text(csv, "utf-8")
    loader = project / "app/loaders/sales.py"
    code = f"""
        state = data["sales"].build()
        assert state.error == {error!r}, state
        assert state.rows == {360 if error else 1}
        assert data["sales"].peek() == state
        assert (data["sales"].folder / state.file).is_file()
        assert len([*data["sales"].folder.glob("*.parquet")]) == (1 if state.error else 2)
        client = create_app().test_client()
        page = client.get("/").text
        assert ("The last refresh failed" in page) == bool(state.error)
        assert state.error in page
        assert client.get("/ready").json["loaders"]["sales"]["error"] == state.error
        data["sales"].build(force=True)
        """
    printed = inside(project, code)
    assert error in printed
    loader.write_text(loader.read_text("utf-8") + "\n", "utf-8")
    inside(project, 'assert data["sales"].build().rows == 1')


def test_a_snapshot_is_never_written_over(project: Path) -> None:
    """A query that has begun reads on, and what a killed builder left goes at the next build."""
    inside(
        project,
        """
        first = data["sales"].build()
        before = (data["sales"].folder / first.file).read_bytes()
        second = data["sales"].build(force=True)
        assert second.file != first.file
        assert (data["sales"].folder / first.file).read_bytes() == before
        (data["sales"].folder / "sales.1.parquet").write_bytes(b"half of it")
        third = data["sales"].build(force=True)
        left = {path.name for path in data["sales"].folder.glob("*.parquet")}
        assert left == {second.file, third.file}
        """,
    )
