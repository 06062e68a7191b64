"""{{ cookiecutter.label }}: the pages that list rows, and enter, change and delete them."""

from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm.exc import StaleDataError

{% if cookiecutter.filenames %}from app.blueprints import _files
{% endif %}from app.blueprints._access import for_writers, may_write, require_all_rows, sees_all_rows
from app.blueprints._forms import find_rows
from app.blueprints.database import db
from app.blueprints.{{ cookiecutter.name }}.forms import {{ cookiecutter.form }}
from app.blueprints.{{ cookiecutter.name }}.models import {{ cookiecutter.model }}
from app.engine import get_engine

COLUMNS = [{% for field in cookiecutter.fields %}"{{ field.name }}", {% endfor %}"changed"]
{%- if cookiecutter.filenames %}
FILES = [{% for name in cookiecutter.filenames %}"{{ name }}"{{ ", " if not loop.last }}{% endfor %}]
{%- endif %}
blueprint = Blueprint("{{ cookiecutter.name }}", __name__, template_folder="templates", url_prefix="/{{ cookiecutter.name }}")


@blueprint.before_request
def require_rights() -> None:
    """Let those who may see some of the rows alone enter new ones, and nothing else."""
    if request.endpoint != "{{ cookiecutter.name }}.create":
        require_all_rows("{{ cookiecutter.name }}")


@blueprint.get("/")
def rows() -> str:
    """List the rows: sorted, searched and paged as the URL says."""
    page = find_rows({{ cookiecutter.model }}, COLUMNS)
    return render_template("{{ cookiecutter.name }}/list.html", title="{{ cookiecutter.label }} form", page=page, may_write=may_write())


@blueprint.route("/new", methods=["GET", "POST"])
@for_writers
def create() -> ResponseReturnValue:
    """Enter a row."""
    form = {{ cookiecutter.form }}()
    if form.validate_on_submit():
        row = {{ cookiecutter.model }}()
        fill(row, form)
        db.session.add(row)
        db.session.commit()
        return done("Saved.")
    return show("New {{ cookiecutter.row }}", form), 422 if form.errors else 200


@blueprint.route("/<int(max=2147483647):number>", methods=["GET", "POST"])
@for_writers
def edit(number: int) -> ResponseReturnValue:
    """Change a row. If somebody else changed it meanwhile, show both versions."""
    row = db.session.get({{ cookiecutter.model }}, number)
    form = {{ cookiecutter.form }}(obj=row)
    title = "Change {{ cookiecutter.row }}"
    if row is None:
        if request.method == "GET":
            abort(404, "This row does not exist.")
        flash("Somebody else deleted this row. Save what you typed as a new one, or leave the page.")
        return show("New {{ cookiecutter.row }}", form), 409
    if not form.validate_on_submit():
        return show(title, form, row), 422 if form.errors else 200
    try:
        if is_current(row):
            {%- if cookiecutter.filenames %}
            replaced = fill(row, form)
            db.session.commit()
            _files.delete(replaced)
            {%- else %}
            fill(row, form)
            db.session.commit()
            {%- endif %}
            return done("Saved.")
    except StaleDataError:  # somebody was faster by a moment: look again
        db.session.rollback()
        return edit(number)
    flash("Somebody else changed this row. Nothing is saved yet: compare, and save again.")
    return show(title, form, row, differences(row, form)), 409


@blueprint.route("/<int(max=2147483647):number>/delete", methods=["GET", "POST"])
@for_writers
def delete(number: int) -> ResponseReturnValue:
    """Delete a row, after a question."""
    row = db.session.get({{ cookiecutter.model }}, number) or abort(404, "This row does not exist.")
    status = 200
    if request.method == "POST":
        try:
            if is_current(row):
                {%- if cookiecutter.filenames %}
                stored = [getattr(row, f"{name}_file") for name in FILES]
                {%- endif %}
                db.session.delete(row)
                db.session.commit()
                {%- if cookiecutter.filenames %}
                _files.delete(stored)
                {%- endif %}
                return done("Deleted.")
        except StaleDataError:
            db.session.rollback()
            abort(409, "Somebody else changed or deleted this row. Look at it again.")
        flash("Somebody else changed this row. This is what it says now.")
        status = 409
    return render_template("{{ cookiecutter.name }}/delete.html", title="Delete {{ cookiecutter.row }}", row=row), status

{% if cookiecutter.filenames %}
@blueprint.get("/<int(max=2147483647):number>/<name>")
def download(number: int, name: str) -> Response:
    """Send a file that was attached to a row."""
    row = db.session.get({{ cookiecutter.model }}, number)
    if row is None or name not in FILES or not getattr(row, name):
        abort(404, "There is no such file.")
    return _files.send(getattr(row, f"{name}_file"), getattr(row, name))

{% endif %}
@blueprint.after_request
def do_not_store(response: Response) -> Response:
    """Keep these pages out of caches: they have what is in the table now."""
    response.headers["Cache-Control"] = "no-store"
    return response


{% if cookiecutter.filenames -%}
def fill(row: {{ cookiecutter.model }}, form: {{ cookiecutter.form }}) -> list[str | None]:
    """Copy what was entered to a row; return the stored files that it no longer needs."""
{%- else -%}
def fill(row: {{ cookiecutter.model }}, form: {{ cookiecutter.form }}) -> None:
    """Copy what was entered to a row."""
{%- endif %}
    {%- for field in cookiecutter.fields if not field.is_file %}
    row.{{ field.name }} = form.{{ field.name }}.data
    {%- endfor %}
    {%- if cookiecutter.filenames %}
    replaced = []
    for name in FILES:
        if upload := _files.chosen(name):
            replaced.append(getattr(row, f"{name}_file"))
            setattr(row, f"{name}_file", _files.store(upload))
            setattr(row, name, _files.name_of(upload))
    return replaced
    {%- endif %}


def is_current(row: {{ cookiecutter.model }}) -> bool:
    """Return whether a row is still what the visitor saw."""
    return request.form.get("version") == str(row.version)


def differences(row: {{ cookiecutter.model }}, form: {{ cookiecutter.form }}) -> dict[str, Any]:
    """Return the values of a row that are not those in the form."""
    names = {*COLUMNS} - {"changed"{% for name in cookiecutter.filenames %}, "{{ name }}"{% endfor %}}
    return {name: getattr(row, name) for name in names if getattr(row, name) != form[name].data}


def show(title: str, form: {{ cookiecutter.form }}, row: {{ cookiecutter.model }} | None = None, conflicts: dict[str, Any] | None = None) -> str:
    """Return the page of the form: for a new row, or for one that exists."""
    return render_template("{{ cookiecutter.name }}/edit.html", title=title, form=form, row=row, conflicts=conflicts or {})


def done(message: str) -> ResponseReturnValue:
    """Rebuild what the charts show, and go back to the list."""
    get_engine().data["{{ cookiecutter.name }}"].build(force=True)
    flash(message)
    page = "rows" if sees_all_rows("{{ cookiecutter.name }}") else "create"
    return redirect(url_for(f"{{ cookiecutter.name }}.{page}"), 303)
