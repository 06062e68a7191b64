"""Sign-in with a provider: roles by groups. What needs a provider is tried by hand."""

import pytest
from flask import Flask

from app.blueprints import oidc


@pytest.mark.parametrize(
    ("groups", "role"),
    [([], None), (["others"], None), (["staff"], "viewer"), (["staff", "bi"], "admin")],
)
def test_the_highest_role_counts(groups: list[str], role: str | None) -> None:
    """Of several groups, the one with the highest role decides."""
    assert oidc.role_of(groups, {"staff": "viewer", "bi": "admin"}) == role


def test_without_a_provider_there_is_no_button(app: Flask) -> None:
    """If OIDC_ISSUER is not set, nothing leads to a provider."""
    client = app.test_client()
    assert "/sign-in/provider" not in client.get("/sign-in").text
    assert client.get("/sign-in/provider").status_code == 404


def test_roles_of_unknown_names_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A role that does not exist is an error at the sign-in, not a role."""
    monkeypatch.setenv("OIDC_ROLES", "bi=king")
    with pytest.raises(RuntimeError, match="OIDC_ROLES"):
        oidc._mapping()
