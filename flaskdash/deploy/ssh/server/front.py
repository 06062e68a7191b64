"""Caddy or nginx before a project."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from flaskdash.deploy.ssh.server.basics import Failed, find, install, replace, run, say
from flaskdash.deploy.ssh.server.home import Home


class Front:
    """Caddy or nginx before the project: it has the domain and its certificate."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.domain = home.asked["domain"]
        self.slug = home.unit
        self.sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
        self.installed = False

    def set_up(self) -> None:
        """Have the domain lead here, where we may; else say what an administrator has to do."""
        has = [name for name in ("caddy", "nginx") if find(name)]
        kind = has[0] if has else "caddy"
        name = "Caddyfile" if kind == "caddy" else "nginx.conf"
        values = {"DOMAIN": self.domain, "PORT": str(self.home.asked["port"])}
        text = re.sub(r"@([A-Z]+)@", lambda found: values[found[1]], self.home.asked["front"][name])
        if not Path("/proc/net/if_inet6").exists():  # nginx would not start
            text = text.replace("    listen [::]:80;\n", "")
        try:
            replace(self.home.root / name, text)
            if not has:
                raise Failed("neither Caddy nor nginx is on the server")
            run([*self.sudo, "true"], 20)
            if kind == "caddy":
                self.caddy(text)
            else:
                self.nginx(text)
        except (Failed, OSError) as error:
            log = error.log if isinstance(error, Failed) else ""
            say(f"note      {self.domain} is not ready: {error} {log.strip()[-300:]}".rstrip())
            say("          as an administrator of the server:")
            for command in self.commands(kind, bool(has)):
                say(f"            {command}")

    def caddy(self, text: str) -> None:
        """Add the site to Caddy's, if it takes it."""
        main, site = Path("/etc/caddy/Caddyfile"), Path(f"/etc/caddy/flaskdash/{self.slug}.caddy")
        before = main.read_text() if main.exists() else ""
        if site.exists() and site.read_text() == text and "import flaskdash/" in before:
            if not self.runs("caddy"):
                self.reload("caddy")
            return
        install(self.sudo, site, text)
        if "import flaskdash/" not in before:
            install(self.sudo, main, f"{before.rstrip()}\n\nimport flaskdash/*.caddy\n".lstrip())
        try:
            run([*self.sudo, "caddy", "validate", "--adapter", "caddyfile", "--config", str(main)])
        except Failed:
            install(self.sudo, main, before)
            run([*self.sudo, "rm", "-f", str(site)])
            raise
        self.reload("caddy")

    def nginx(self, text: str) -> None:
        """Add the site to nginx's, if it takes it, and have certbot get its certificate."""
        site = Path(f"/etc/nginx/conf.d/{self.slug}.conf")
        before = site.read_text() if site.exists() else ""
        known = all(line in before for line in re.findall(r"(?:proxy_pass|server_name) .*;", text))
        if not known:  # else leave what certbot has added
            install(self.sudo, site, text)
            try:
                run([*self.sudo, find("nginx"), "-t"])
            except Failed:
                if before:
                    install(self.sudo, site, before)
                else:
                    run([*self.sudo, "rm", "-f", str(site)])
                raise
        if not known or not self.runs("nginx"):
            self.reload("nginx")
        if "ssl_certificate" not in (before if known else text):
            if not find("certbot"):
                self.installed = True
                raise Failed("it has no certificate, because certbot is not there")
            asks_nothing = ["--non-interactive", "--agree-tos", "--register-unsafely-without-email"]
            run([*self.sudo, "certbot", "--nginx", *asks_nothing, "--redirect", "-d", self.domain])

    def runs(self, name: str) -> bool:
        """Return whether a web server runs."""
        with suppress(Failed):
            return bool(run(["systemctl", "is-active", name]))
        return False

    def reload(self, name: str) -> None:
        """Have a web server take up its configuration, and start with the server."""
        run([*self.sudo, "systemctl", "enable", "--quiet", name])
        run([*self.sudo, "systemctl", "reload-or-restart", name])
        say(f"reload    {name}: {self.domain} leads to port {self.home.asked['port']}")

    def commands(self, kind: str, there: bool) -> list[str]:
        """Return what an administrator types."""
        root = self.home.root
        if kind == "caddy":
            site = f"/etc/caddy/flaskdash/{self.slug}.caddy"
            return [
                *([] if there else ["sudo apt install caddy"]),
                f"sudo install -D -m 644 {root}/Caddyfile {site}"
                " && echo 'import flaskdash/*.caddy' | sudo tee -a /etc/caddy/Caddyfile",
                "sudo systemctl reload caddy",
            ]
        copy = f"sudo cp {root}/nginx.conf /etc/nginx/conf.d/{self.slug}.conf"
        return [
            *([] if self.installed else [f"{copy} && sudo systemctl reload nginx"]),
            f"sudo apt install python3-certbot-nginx && sudo certbot --nginx -d {self.domain}",
        ]
