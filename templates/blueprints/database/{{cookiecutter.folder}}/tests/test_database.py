"""The database: its tables are those of the models, and a row can be written and read."""

import pytest
import sqlalchemy as sa
from alembic.util import CommandError
from flask import Flask

from app.blueprints.database import Model, db, engine, migrations
from app.blueprints.database.models import Remark


def test_tables_are_those_of_the_models(app: Flask) -> None:
    with app.app_context():
        differences = migrations.compare_metadata()
        assert differences == [], 'run: flask db revision "what changed"'


def test_row_is_written_and_read(app: Flask) -> None:
    with app.app_context():
        db.session.add(Remark(chart="sales", text="<b>Strange</b> in May"))
        db.session.commit()
    with app.app_context():
        remark = db.session.scalars(sa.select(Remark).where(Remark.chart == "sales")).one()
        assert remark.text == "<b>Strange</b> in May"
        db.session.delete(remark)
        db.session.commit()


def test_migrations_go_back_and_forth(app: Flask) -> None:
    with app.app_context():
        migrations.downgrade("default@base")
        assert not sa.inspect(db.engine).has_table(Remark.__tablename__)
    with app.app_context():
        migrations.upgrade()
        assert {*Model.metadata.tables} <= {*sa.inspect(db.engine).get_table_names()}


def test_revisions_of_a_removed_part_are_forgotten(app: Flask) -> None:
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO alembic_version VALUES ('removed')"))
    with app.app_context(), pytest.raises(CommandError):
        migrations.current()
    with app.app_context():
        migrations.upgrade()
        revisions = {script.revision for script in migrations.current()}
        assert revisions == {script.revision for script in migrations.heads()}


@pytest.mark.parametrize(
    ("address", "driver"),
    [
        ("postgres://ann:secret@db.example.org/app", "postgresql+psycopg"),
        ("postgresql://ann:secret@db.example.org/app", "postgresql+psycopg"),
        ("mariadb://ann:secret@db.example.org/app", "mysql+pymysql"),
        ("sqlite:////var/app.sqlite", "sqlite"),
    ],
)
def test_driver_of_an_address(address: str, driver: str) -> None:
    assert engine.engine_settings(address)["url"].drivername == driver


def test_database_that_does_not_answer_is_said(app: Flask) -> None:
    def refuse(*_: object) -> None:
        raise db.engine.dialect.loaded_dbapi.OperationalError("away")

    with app.test_request_context():
        sa.event.listen(db.engine, "do_connect", refuse)
        with pytest.raises(sa.exc.OperationalError) as caught:
            db.session.scalar(sa.select(1))
        answer = app.make_response(app.handle_user_exception(caught.value))
        result = app.test_cli_runner().invoke(args=["release"])
        sa.event.remove(db.engine, "do_connect", refuse)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert result.exit_code == 1
    assert "does not answer: away" in result.output
