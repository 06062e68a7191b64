"""The contract: all that the command line uses of a project's code. docs/contract.md explains it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Promise:
    """A name that the command line relies on, and the line of the project's code that provides it."""

    owner: str  # app, config, engine, data, chart, cache or route
    name: str
    file: str
    line: str
    users: str  # commands

    @property
    def id(self) -> str:
        """Return it as the check reports it: engine.freeze."""
        return f"{self.owner}.{self.name}"


_ENGINE = "app/engine/engine.py"
_QUERY = "app/engine/query.py"
_MODELS = "app/engine/models.py"
_STATIC = "deploy static"
_ALL = "serve, refresh, check, deploy"

PROMISES = (
    Promise(
        "app", "create_app", "app/__init__.py", "def create_app(**settings: Any) -> Flask:", _ALL
    ),
    Promise("app", "engine", "app/__init__.py", "engine.init_app(app)", _ALL),
    Promise("config", "INSTANCE", "app/config.py", '"INSTANCE": instance,', "serve"),
    Promise("config", "TABLE_ROWS", "app/config.py", '"TABLE_ROWS": 25,', _STATIC),
    Promise("engine", "loaders", _ENGINE, "loaders: dict[str, Loader]", _STATIC),
    Promise("engine", "data", _ENGINE, "data: dict[str, Data]", "serve, refresh, deploy static"),
    Promise("engine", "charts", _ENGINE, "charts: dict[str, Chart]", _STATIC),
    Promise("engine", "cache", _ENGINE, "cache: Cache", _STATIC),
    Promise("engine", "freeze", _ENGINE, "def freeze(self) -> dict[str, State]:", _STATIC),
    Promise("data", "build", _QUERY, "def build(self, force: bool = False) -> State:", "refresh"),
    Promise(
        "data", "query", _QUERY, "def query(self, sql: str, filters: ...) -> DataFrame:", _STATIC
    ),
    Promise(
        "data", "query_all", _QUERY, "def query_all(self, sqls, filters) -> list[...]:", _STATIC
    ),
    Promise("chart", "kind", _MODELS, "kind: Kind", _STATIC),
    Promise("chart", "draw", _MODELS, "draw: Callable[[DataFrame], Any]", _STATIC),
    Promise("chart", "filters", _MODELS, "filters: Mapping[str, str]", _STATIC),
    Promise("cache", "folder", "app/engine/cache.py", "self.folder = folder", _STATIC),
    Promise("cache", "code_version", "app/engine/cache.py", "self.code_version = ...", _STATIC),
    Promise("route", "/up", "app/engine/api.py", '@api.get("/up")', "check, deploy"),
    Promise("route", "/ready", "app/engine/api.py", '@api.get("/ready")', "check, deploy"),
)
