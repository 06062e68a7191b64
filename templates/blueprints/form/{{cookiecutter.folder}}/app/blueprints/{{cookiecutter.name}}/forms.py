"""{{ cookiecutter.label }}: what people can enter, and how it is checked."""

{% if cookiecutter.imports.dates %}import datetime as dt

{% endif %}from flask_wtf import FlaskForm  # type: ignore[import-untyped]
{% if cookiecutter.filenames %}from flask_wtf.file import FileField, FileSize  # type: ignore[import-untyped]
{% endif %}{% if cookiecutter.imports.wtforms %}from wtforms import (  # type: ignore[import-untyped]
    {{ cookiecutter.imports.wtforms }},
)
{% endif %}{% if cookiecutter.imports.validators %}from wtforms.validators import (  # type: ignore[import-untyped]
    {{ cookiecutter.imports.validators }},
)
{% endif %}{% if cookiecutter.filenames or cookiecutter.imports.forms %}
{% endif %}{% if cookiecutter.filenames %}from app.blueprints._files import {{ cookiecutter.imports.files }}
{% endif %}{% if cookiecutter.imports.forms %}from app.blueprints._forms import {{ cookiecutter.imports.forms }}
{% endif %}{% if cookiecutter.choices %}
CHOICES = {
{%- for name, values in cookiecutter.choices %}
    {{ name }}: [{{ values }}],
{%- endfor %}
}
{% endif %}

class {{ cookiecutter.form }}(FlaskForm):  # type: ignore[misc]
    """The form of one row."""

    {% for field in cookiecutter.fields -%}
    {{ field.name }} = {{ field.source }}
    {% endfor %}
