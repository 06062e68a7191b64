"""Database servers for the tests, in a temporary folder and on a free port of the loopback."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from tests.support.waiting import need, wait_for
from tests.support.web import free_port

PASSWORD = "s3cret%/@:w'ord"


def program(name: str) -> str:
    """Return the path of a server's program; skip the test if it is missing, or fail in CI."""
    folders = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    path = os.pathsep.join([*folders, os.environ["PATH"], "/usr/sbin", "/usr/local/sbin"])
    executable = shutil.which(name, path=path)
    if executable is None:
        need(name)
    return str(executable)


class Server:
    """A server process that can be stopped, killed and started again, on the same port."""

    def __init__(self, folder: Path, argv: Sequence[str], url: sa.URL) -> None:
        self.folder, self.argv, self.admin = folder, argv, url
        self.log = folder / "server.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.argv, cwd=self.folder, stdout=log, stderr=log, **_unprivileged()
            )
        wait_for(self.answers, f"the server; {self.log.read_text('utf-8', 'replace')[-500:]}", 60)

    def answers(self) -> bool:
        engine = sa.create_engine(self.admin, poolclass=sa.NullPool)
        try:
            with engine.connect():
                return True
        except sa.exc.DBAPIError:
            return False

    def kill(self) -> None:
        """Kill the server, as in a crash."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL if "mariadb" in self.argv[0] else signal.SIGQUIT)
        self.process.wait(30)

    def run(self, *statements: str) -> None:
        engine = sa.create_engine(self.admin, poolclass=sa.NullPool)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def url(self, user: str = "shop", password: str = PASSWORD, database: str = "shop") -> str:
        """Return the address as a person writes it, without a driver in its scheme."""
        scheme = self.admin.drivername.partition("+")[0]
        url = self.admin.set(drivername=scheme, username=user, password=password, database=database)
        return url.render_as_string(hide_password=False)


def _unprivileged() -> dict[str, str]:
    return {"user": "nobody"} if os.geteuid() == 0 else {}


@contextmanager
def _folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="flaskdash-db-", dir="/tmp"))
    try:
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _running(server: Server) -> Iterator[Server]:
    server.start()
    try:
        yield server
    finally:
        assert server.process is not None
        if server.process.poll() is None:
            server.kill()


def _run_program(*argv: str, cwd: Path) -> None:
    process = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, **_unprivileged())
    assert process.returncode == 0, process.stdout + process.stderr


@contextmanager
def postgresql() -> Iterator[Server]:
    """Run a PostgreSQL with a database and a user `shop`; it logs each statement."""
    initdb, postgres = program("initdb"), program("postgres")
    with _folder() as folder:
        data, port = folder / "data", free_port()
        options = ["--auth-local=trust", "--auth-host=trust", "--username=root", "--no-sync"]
        _run_program(initdb, "-D", str(data), *options, "--encoding=UTF8", "--locale=C", cwd=folder)
        hosts = "host all root 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"
        (data / "pg_hba.conf").write_text(hosts, "utf-8")
        settings = {"listen_addresses": "127.0.0.1", "unix_socket_directories": folder}
        settings |= {"port": port, "fsync": "off", "log_statement": "all"}
        flags = [flag for name, value in settings.items() for flag in ("-c", f"{name}={value}")]
        url = sa.URL.create("postgresql+psycopg", "root", None, "127.0.0.1", port, "postgres")
        with _running(Server(folder, [postgres, "-D", str(data), *flags], url)) as server:
            quoted = PASSWORD.replace("'", "''").replace("%", "%%")
            server.run(f"CREATE USER shop PASSWORD '{quoted}'", "CREATE DATABASE shop OWNER shop")
            yield server


@contextmanager
def mariadb() -> Iterator[Server]:
    """Run a MariaDB with a database and a user `shop`; it logs each statement."""
    install, mariadbd = program("mariadb-install-db"), program("mariadbd")
    with _folder() as folder:
        data, port = folder / "data", free_port()
        options = ["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]
        _run_program(install, *options, f"--datadir={data}", cwd=folder)
        flags = [f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1"]
        flags += [f"--socket={folder}/sock", f"--pid-file={folder}/pid", "--skip-name-resolve"]
        flags += ["--general-log=1", f"--general-log-file={folder}/statements.log"]
        flags += ["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M"]
        url = sa.URL.create("mysql+pymysql", "root", "", "127.0.0.1", port, "mysql")
        argv = [mariadbd, "--no-defaults", *flags]
        with _running(Server(folder, argv, url)) as server:
            quoted = PASSWORD.replace("'", "''").replace("%", "%%")
            server.run(
                "CREATE DATABASE shop CHARACTER SET utf8mb4",
                f"CREATE USER shop@'127.0.0.1' IDENTIFIED BY '{quoted}'",
                "GRANT ALL ON shop.* TO shop@'127.0.0.1'",
            )
            server.log = folder / "statements.log"
            yield server
