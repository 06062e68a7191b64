"""The failures of a deploy, each with its exit code."""

from flaskdash.errors import FlaskdashError


class DeployError(FlaskdashError):
    """A deploy that failed; the exit code tells which release is live now."""


class PreflightError(DeployError):
    """The project or the options do not allow a deploy; nothing was deployed."""

    exit_code = 2


class BuildError(DeployError):
    """The build failed; nothing was shipped."""

    exit_code = 3


class RolledBackError(DeployError):
    """The new release failed, and the one before it is live."""

    exit_code = 4


class NotRolledBackError(DeployError):
    """The new release failed, and the one before it could not be restored."""

    exit_code = 5
