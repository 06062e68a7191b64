"""Upload {{ cookiecutter.label }}: choose a file, look at what it changes, make it live, undo."""

from collections.abc import Callable

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

import app.loaders.{{ cookiecutter.name }} as loader
from app.blueprints._access import for_writers, may_write, require_all_rows
from app.blueprints._content import LARGEST, Rejected
from app.blueprints._uploads import Uploads
from app.engine import get_engine

blueprint = Blueprint(
    "upload_{{ cookiecutter.name }}", __name__, template_folder="templates", url_prefix="/upload-{{ cookiecutter.slug }}"
)


def uploads() -> Uploads:
    data = get_engine().data["{{ cookiecutter.name }}"]
    return Uploads(data, loader.SOURCE, current_app.config["INSTANCE"])


@blueprint.before_request
def limit_size() -> None:
    """Refuse larger requests before they are read."""
    request.max_content_length = LARGEST + 2**20


@blueprint.before_request
def require_rights() -> None:
    """Keep the data from those who may see some of its rows alone."""
    require_all_rows("{{ cookiecutter.name }}")


@blueprint.get("/")
def page() -> str:
    """Show the form, and the versions that can be restored."""
    return show()


@blueprint.post("/")
@for_writers
def stage() -> ResponseReturnValue:
    """Read an upload; if it can be used, show what it changes."""
    try:
        upload = request.files.get("file")
        if not upload:
            raise Rejected("Choose a file.")
        token = uploads().stage(upload, is_added={% if cookiecutter.appends %}request.form.get("mode") == "append"{% else %}False{% endif %})
    except Rejected as error:
        return show(str(error)), 422
    return redirect(url_for(".preview", token=token), 303)


@blueprint.get("/<token>")
def preview(token: str) -> str:
    """Show what an upload changes, and its rows."""
    preview, rows = uploads().preview(token)
    return render_template(
        "upload_{{ cookiecutter.name }}/preview.html",
        title="Upload {{ cookiecutter.label }}: preview",
        preview=preview,
        rows=rows,
        token=token,
    )


@blueprint.post("/<token>")
@for_writers
def decide(token: str) -> ResponseReturnValue:
    """Make an upload live, or forget it."""
    if request.form.get("decision") != "live":
        uploads().discard(token)
        flash("Discarded. Nothing changed.")
        return redirect(url_for(".page"), 303)
    return change(lambda: uploads().go_live(token), "The new data is live.")


@blueprint.post("/versions/<name>")
@for_writers
def restore(name: str) -> ResponseReturnValue:
    """Make a former version live again."""
    return change(lambda: uploads().restore(name), "The former data is live again.")


@blueprint.after_request
def do_not_store(response: Response) -> Response:
    """Keep these pages out of caches."""
    response.headers["Cache-Control"] = "no-store"
    return response


def change(action: Callable[[], None], message: str) -> ResponseReturnValue:
    """Replace the data, and go back to the form; if that fails, say why."""
    try:
        action()
    except Rejected as error:
        return show(str(error)), 409
    flash(message)
    return redirect(url_for(".page"), 303)


def show(error: str = "") -> str:
    return render_template(
        "upload_{{ cookiecutter.name }}/page.html",
        title="Upload {{ cookiecutter.label }}",
        error=error,
        largest=LARGEST >> 20,
        may_write=may_write(),
        versions=uploads().versions(),
    )
