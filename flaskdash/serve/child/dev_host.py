"""Reject unknown Host headers, so that no website can read dev mode through DNS rebinding."""

from functools import cache
from ipaddress import ip_address
from socket import getfqdn, gethostname
from urllib.parse import urlsplit

EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104


def is_trusted(header: str, host: str) -> bool:
    """Return whether the Host header names this machine, which serves on `host`."""
    try:
        name = (urlsplit(f"//{header}").hostname or "").removesuffix(".")
    except ValueError:
        return False
    if name in {"localhost", host.lower()} or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return host in EVERYWHERE and name in _machine_names()
    return address.is_loopback or host in EVERYWHERE


@cache
def _machine_names() -> set[str]:
    name = gethostname().lower()
    return {name, name.partition(".")[0], f"{name.partition('.')[0]}.local", getfqdn().lower()}
