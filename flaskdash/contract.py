"""The contract: the names of a project's code that the command line uses; see docs/contract.md."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Promise:
    """A name that the command line uses, and the line of the project's code that defines it."""

    owner: str  # app, config, engine, data, chart, cache or route
    name: str
    file: str
    line: str
    commands: str

    @property
    def id(self) -> str:
        """Return the name with its owner: engine.freeze."""
        return f"{self.owner}.{self.name}"


def _app(name: str, line: str) -> Promise:
    return Promise("app", name, "app/__init__.py", line, "serve, refresh, check, deploy")


def _config(name: str, line: str, commands: str) -> Promise:
    return Promise("config", name, "app/config.py", line, commands)


def _engine(
    owner: str, name: str, file: str, line: str, commands: str = "deploy static"
) -> Promise:
    return Promise(owner, name, f"app/engine/{file}.py", line, commands)


PROMISES = (
    _app("create_app", "def create_app(**settings: Any) -> Flask:"),
    _app("engine", "engine.init_app(app)"),
    _config("INSTANCE", '"INSTANCE": instance,', "serve"),
    _config("CACHE", 'config.setdefault("CACHE", config["INSTANCE"] / "cache")', "deploy static"),
    _config("TABLE_ROWS", '"TABLE_ROWS": 25,', "deploy static"),
    _engine("engine", "data", "engine", "data: dict[str, Data]", "serve, refresh, deploy static"),
    _engine("engine", "charts", "engine", "charts: dict[str, Chart]", "serve, deploy static"),
    _engine("engine", "cache", "engine", "cache: Cache", "serve, deploy static"),
    _engine("engine", "freeze", "engine", "def freeze(self) -> dict[str, State]:"),
    _engine(
        "data",
        "build",
        "snapshots",
        "def build(self, force: bool = False, apart: bool = False) -> State:",
        "serve, refresh",
    ),
    _engine(
        "data",
        "query",
        "query",
        "def query(self, sql: str, filters: Sequence[Filter] = ()):",
        "serve, deploy static",
    ),
    _engine("data", "query_all", "query", "def query_all(self, sqls: list[str], filters: ...):"),
    _engine("chart", "kind", "models", "kind: Kind"),
    _engine("chart", "draw", "models", "draw: Callable[[DataFrame], Any]", "serve, deploy static"),
    _engine("chart", "filters", "models", "filters: Mapping[str, str]"),
    _engine(
        "cache",
        "code_version",
        "cache",
        "self.code_version = code_version",
        "serve, deploy static",
    ),
    Promise("route", "/up", "app/health.py", '@health.get("/up")', "check, deploy"),
    Promise("route", "/ready", "app/health.py", '@health.get("/ready")', "check, deploy"),
)
