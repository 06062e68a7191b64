"""The failures of a deploy, apart by their exit codes."""

from flaskdash.errors import FlaskdashError


class DeployError(FlaskdashError):
    """A deploy that ended before its end; its exit code tells what is live now."""


class PreflightError(DeployError):
    """The project, or what was asked for, is not fit to go out; nothing was built."""

    exit_code = 2


class BuildError(DeployError):
    """What was to be shipped could not be made; nothing was shipped."""

    exit_code = 3


class RolledBackError(DeployError):
    """The new release failed, and the one before it is live, as before."""

    exit_code = 4


class NotRolledBackError(DeployError):
    """The new release failed, and what was live before could not be brought back."""

    exit_code = 5
