"""The engine: the loaders, charts and data of one app, at app.extensions["engine"]."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from flask import abort, current_app, request

from app.engine.cache import Cache
from app.engine.controls import Control, find_controls
from app.engine.defaults import with_defaults
from app.engine.filters import from_query
from app.engine.models import STEP, Chart, Filter, Loader, State, slugify
from app.engine.query import Data, Rows
from app.engine.rights import ALL, rights
from app.engine.visitor import visitor


@dataclass
class Engine:
    """What a dashboard is made of, each by its name."""

    loaders: dict[str, Loader]
    data: dict[str, Data]  # by the loader's name
    charts: dict[str, Chart]  # by slug, in their order
    cache: Cache
    dashboard_roles: Mapping[str, Sequence[str]]  # that may see a dashboard, by its title

    @property
    def visible(self) -> dict[str, Chart]:
        """Return the charts that the visitor may see, by slug: everything else here asks this.

        Each is only on the dashboards that the visitor may see: without one, it is hidden.
        """
        may_see = visitor().may_see
        visible = {slug: chart for slug, chart in self.charts.items() if may_see(chart.roles)}
        closed = {title for title, roles in self.dashboard_roles.items() if not may_see(roles)}
        for slug, chart in [*visible.items()] if closed else ():
            titles = tuple(title for title in chart.dashboards if title not in closed)
            if chart.dashboards and not titles:
                del visible[slug]
            elif titles != chart.dashboards:
                visible[slug] = replace(chart, dashboards=titles)
        return visible

    @property
    def dashboards(self) -> dict[str, str]:
        """Return the titles of the dashboards that have visible charts, by slug."""
        titles = (title for chart in self.visible.values() for title in chart.dashboards)
        return {slugify(title): title for title in titles}

    def chart(self, slug: str) -> Chart:
        """Return a chart; if it is not visible, answer the request with 404."""
        return self.visible.get(slug) or abort(404, "There is no such chart.")

    def charts_on(self, *titles: str) -> list[Chart]:
        """Return the visible charts on any of these dashboards."""
        return [chart for chart in self.visible.values() if set(titles) & set(chart.dashboards)]

    def peers(self, charts: Iterable[Chart]) -> list[Chart]:
        """Return the visible charts that share a dashboard with one of these."""
        return self.charts_on(*(title for chart in charts for title in chart.dashboards))

    def data_of(self, charts: Iterable[Chart]) -> dict[str, Data]:
        """Return the data that charts select from, by the loader's name."""
        return {name: self.data[name] for chart in charts for name in chart.data}

    def states_of(self, charts: Iterable[Chart]) -> dict[str, State]:
        """Return how fresh the data of charts is, and how many rows the visitor may see."""
        return {
            name: replace(data.state(), rows=data.count())
            if rights(data.loader) != ALL
            else data.state()
            for name, data in self.data_of(charts).items()
        }

    def rows_of(self, names: Sequence[str]) -> Rows:
        """Return what the SQL of charts asks that select from these loaders."""
        data = [self.data[name] for name in names]
        return data[0] if len(data) == 1 else Rows(data)

    def filter_forms(self, charts: Iterable[Chart]) -> dict[str, str]:
        """Return the columns that filter these charts and their peers, each as "form=default"."""
        forms: dict[str, list[str]] = {}
        for chart in self.peers(charts):
            for column, declared in chart.filters.items():
                known = forms.setdefault(column, ["", "", ""])
                forms[column] = [a or b for a, b in zip(known, declared.partition("="), strict=True)]
        steps = {STEP: STEP} if any(chart.grain for chart in self.peers(charts)) else {}
        return {column: "".join(parts) for column, parts in forms.items()} | steps

    def chosen_filters(self, charts: Sequence[Chart]) -> tuple[Filter, ...]:
        """Return the filters in the URL of the request."""
        return from_query(request.args, self.filter_forms(charts)) if request.args else ()

    def active_filters(self, charts: Sequence[Chart]) -> tuple[Filter, ...]:
        """Return the filters in the URL, and the defaults of the columns that it does not name."""
        data, forms = [*self.data_of(charts).values()], self.filter_forms(charts)
        return with_defaults(self.chosen_filters(charts), data, forms)

    def controls(self, charts: Sequence[Chart], active: Sequence[Filter]) -> list[Control]:
        """Return the controls of a page that shows these charts."""
        return find_controls([*self.data_of(charts).values()], self.filter_forms(charts), active)

    def freeze(self) -> dict[str, State]:
        """Build all snapshots and use only these from now on; return their states by loader."""
        return {name: data.freeze() for name, data in self.data.items()}


def get_engine() -> Engine:
    """Return the engine of the current app."""
    engine: Engine = current_app.extensions["engine"]
    return engine
