"""The engine: how the dashboards work. README.md beside this file has the path of one request."""

from functools import partial, update_wrapper
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flask import Flask

from app import charts, config, loaders
from app.engine import discovery
from app.engine.cache import Cache
from app.engine.engine import Engine, get_engine
from app.engine.models import slugify
from app.engine.page import blueprint
from app.engine.query import Data
from app.engine.visitor import Sessions
from app.helpers import cells, words

__all__ = ["Engine", "get_engine", "init_app"]


def init_app(app: Flask) -> None:
    """Find the loaders and charts, and add what their pages need to the app."""
    engine = app.extensions["engine"] = _create_engine(app.config["INSTANCE"], app.config["CACHE"])
    app.session_interface = Sessions()
    app.register_blueprint(blueprint)
    for endpoint, files in (("static", app), ("engine.static", blueprint)):
        view = partial(engine.cache.static_file, str(files.static_folder))
        app.view_functions[endpoint] = update_wrapper(view, engine.cache.static_file)
    app.url_defaults(_add_version)
    app.context_processor(lambda: {"dashboards": get_engine().dashboards})
    for template_filter in (cells, slugify, words):
        app.add_template_filter(template_filter)


def _create_engine(snapshots: Path, cache: Path) -> Engine:
    loaders_by_name = discovery.find_loaders(loaders)
    data = {}
    for name, loader in loaders_by_name.items():
        # The first loader of a live database brings live.py, and `flaskdash add-redis` shared.py.
        data_class = import_module("app.engine.live").LiveData if loader.live else Data
        data[name] = data_class(loader, snapshots)
    has_shared = find_spec("app.engine.shared")
    cache_class = import_module("app.engine.shared").SharedCache if has_shared else Cache
    charts_by_slug = discovery.find_charts(charts, loaders_by_name)
    answers = cache_class(cache, discovery.code_version())
    roles = discovery.check_roles(config.DASHBOARD_ROLES, charts_by_slug.values())
    return Engine(loaders_by_name, data, charts_by_slug, answers, roles)


def _add_version(endpoint: str, values: dict[str, Any]) -> None:
    """Add the version of the code to the URL of a static file, so that browsers may keep it."""
    if endpoint in {"static", "engine.static"}:
        values.setdefault("v", get_engine().cache.code_version)
