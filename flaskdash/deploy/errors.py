"""The failures of a deploy, apart by their exit codes."""

from flaskdash.errors import FlaskdashError


class PreflightError(FlaskdashError):
    """The project, or what was asked for, is not fit to go out; nothing was built."""

    exit_code = 2


class BuildError(FlaskdashError):
    """What was to be shipped could not be made; nothing was shipped."""

    exit_code = 3
