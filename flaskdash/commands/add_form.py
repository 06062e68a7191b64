"""`flaskdash add-form`: add a form to a project."""

from pathlib import Path

import click

from flaskdash.commands.add_chart import is_terminal
from flaskdash.errors import FlaskdashError
from flaskdash.progress import echo

EVERYBODY = "Everybody who reaches the site may write, unless the project has accounts."
DISK = (
    "On a platform whose disk is lost at a restart, what people enter is lost, too, unless"
    " DATABASE_URL names a database on a server; uploaded files are lost in any case."
)


@click.command("add-form")
@click.argument("name", required=False, default="")
@click.option(
    "--field",
    "texts",
    multiple=True,
    metavar="NAME:TYPE[:required]",
    help="A field of the form; may be given several times.",
)
@click.option(
    "--upload",
    metavar="LOADER",
    default="",
    help="Take new files for this loader, instead of rows.",
)
@click.option(
    "--dry-run", is_flag=True, help="Print the files that would be created, and create none."
)
def command(name: str, texts: tuple[str, ...], upload: str, dry_run: bool) -> None:
    """Add a form NAME to the project, for people to enter data that is charted at once.

    It is a package in app/blueprints: a table with its migration, pages that list, enter, change
    and delete rows, and tests. A loader of the same name and a chart show what was entered. Types
    are text, longtext, integer, number, money, date, datetime, choice(A|B|C), flag, email and file.
    Without --field, on a terminal, the command asks.

    With --upload instead, people replace or extend the file of a loader: they see a preview and what
    changes before it goes live, and can undo it.

    Everybody who reaches the site may write, unless the project has accounts: then editors and
    admins may.

    \b
    Example:
      flaskdash add-form orders --field customer:text:required --field "region:choice(North|South)"
          --field amount:money:required --field day:date
      flaskdash add-form --upload sales
    """
    from flaskdash.commands import _ask_fields
    from flaskdash.generate import fields, form
    from flaskdash.generate.upload import add_upload
    from flaskdash.project import Project

    project = Project.find(Path.cwd())
    if upload:
        if name or texts:
            raise FlaskdashError(
                "--upload takes neither a name nor --field.",
                hint=f"flaskdash add-form --upload {upload}",
            )
        add_upload(project, upload, echo, dry_run)
        if not dry_run:
            address = f"/upload-{upload.replace('_', '-')}/"
            echo(f"\n{EVERYBODY}\n{DISK}\nNext:\n  flaskdash serve     # then open {address}\n")
        return
    if (not name or not texts) and not is_terminal():
        missing = "The fields are" if name else "The name is"
        raise FlaskdashError(
            f"{missing} missing.", hint=f"flaskdash add-form {name or 'orders'} {fields.EXAMPLE}"
        )
    name = name or _ask_fields.name()
    form.check_name(project, name)
    parsed = fields.parse(texts) if texts else _ask_fields.fields()
    form.add_form(project, name, parsed, echo, dry_run)
    if not dry_run:
        echo(f"\n{EVERYBODY}\n{DISK}\nNext:\n  flaskdash serve     # then open /{name}/\n")
