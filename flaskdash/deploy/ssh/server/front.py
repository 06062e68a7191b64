"""Caddy or nginx in front of a project: it serves the domain with its certificate."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from flaskdash.deploy.ssh.server.basics import (
    StepError,
    find_program,
    report,
    run,
    write_file,
    write_system_file,
)
from flaskdash.deploy.ssh.server.home import Home


class Front:
    """Caddy or nginx in front of a project."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.domain = home.request["domain"]
        self.slug = home.unit
        self.sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
        self.installed = False

    def set_up(self) -> None:
        """Serve the domain, or report the commands that an administrator has to run."""
        programs = [name for name in ("caddy", "nginx") if find_program(name)]
        program = programs[0] if programs else "caddy"
        file = "Caddyfile" if program == "caddy" else "nginx.conf"
        text = self.render(file)
        try:
            write_file(self.home.root / file, text)
            if not programs:
                raise StepError("neither Caddy nor nginx is installed on the server")
            run([*self.sudo, "true"], 20)
            if program == "caddy":
                self.set_up_caddy(text)
            else:
                self.set_up_nginx(text)
        except (StepError, OSError) as error:
            log = error.log if isinstance(error, StepError) else ""
            report(f"note      {self.domain} is not ready: {error} {log.strip()[-300:]}".rstrip())
            report("          An administrator of the server has to run:")
            for command in self.commands(program, installed=bool(programs)):
                report(f"            {command}")

    def render(self, file: str) -> str:
        """Return the site's configuration."""
        values = {"DOMAIN": self.domain, "PORT": str(self.home.request["port"])}
        template = self.home.request["front"][file]
        text = re.sub(r"@([A-Z]+)@", lambda match: values[match[1]], template)
        if not Path("/proc/net/if_inet6").exists():  # without IPv6, nginx would not start
            text = text.replace("    listen [::]:80;\n", "")
        return text

    def set_up_caddy(self, text: str) -> None:
        """Add the site to Caddy's configuration; undo that if Caddy rejects it."""
        main, site = Path("/etc/caddy/Caddyfile"), Path(f"/etc/caddy/flaskdash/{self.slug}.caddy")
        before = main.read_text() if main.exists() else ""
        if site.exists() and site.read_text() == text and "import flaskdash/" in before:
            if not self.is_running("caddy"):
                self.reload("caddy")
            return
        write_system_file(self.sudo, site, text)
        if "import flaskdash/" not in before:
            imported = f"{before.rstrip()}\n\nimport flaskdash/*.caddy\n".lstrip()
            write_system_file(self.sudo, main, imported)
        try:
            run([*self.sudo, "caddy", "validate", "--adapter", "caddyfile", "--config", str(main)])
        except StepError:
            write_system_file(self.sudo, main, before)
            run([*self.sudo, "rm", "-f", str(site)])
            raise
        self.reload("caddy")

    def set_up_nginx(self, text: str) -> None:
        """Add the site to nginx's configuration, and get its certificate with certbot."""
        site = Path(f"/etc/nginx/conf.d/{self.slug}.conf")
        before = site.read_text() if site.exists() else ""
        directives = re.findall(r"(?:proxy_pass|server_name) .*;", text)
        # certbot adds lines of its own, which have to stay if the site has not changed.
        unchanged = all(line in before for line in directives)
        if not unchanged:
            self.replace_nginx_site(site, text, before)
        if not unchanged or not self.is_running("nginx"):
            self.reload("nginx")
        if "ssl_certificate" not in (before if unchanged else text):
            self.get_certificate()

    def replace_nginx_site(self, site: Path, text: str, before: str) -> None:
        """Write the site's file; restore it if nginx rejects the new one."""
        write_system_file(self.sudo, site, text)
        try:
            run([*self.sudo, find_program("nginx"), "-t"])
        except StepError:
            if before:
                write_system_file(self.sudo, site, before)
            else:
                run([*self.sudo, "rm", "-f", str(site)])
            raise

    def get_certificate(self) -> None:
        """Run certbot for the domain; raise StepError if it is not installed."""
        if not find_program("certbot"):
            self.installed = True
            raise StepError("it has no certificate, because certbot is not installed")
        unattended = ["--non-interactive", "--agree-tos", "--register-unsafely-without-email"]
        run([*self.sudo, "certbot", "--nginx", *unattended, "--redirect", "-d", self.domain])

    def is_running(self, name: str) -> bool:
        """Return whether a web server is running."""
        with suppress(StepError):
            return bool(run(["systemctl", "is-active", name]))
        return False

    def reload(self, name: str) -> None:
        """Let a web server read its configuration again, and start with the server."""
        run([*self.sudo, "systemctl", "enable", "--quiet", name])
        run([*self.sudo, "systemctl", "reload-or-restart", name])
        report(f"reload    {name}: {self.domain} leads to port {self.home.request['port']}")

    def commands(self, program: str, *, installed: bool) -> list[str]:
        """Return the commands that an administrator has to run."""
        root = self.home.root
        if program == "caddy":
            site = f"/etc/caddy/flaskdash/{self.slug}.caddy"
            return [
                *([] if installed else ["sudo apt install caddy"]),
                f"sudo install -D -m 644 {root}/Caddyfile {site}"
                " && echo 'import flaskdash/*.caddy' | sudo tee -a /etc/caddy/Caddyfile",
                "sudo systemctl reload caddy",
            ]
        copy = f"sudo cp {root}/nginx.conf /etc/nginx/conf.d/{self.slug}.conf"
        return [
            *([] if self.installed else [f"{copy} && sudo systemctl reload nginx"]),
            f"sudo apt install python3-certbot-nginx && sudo certbot --nginx -d {self.domain}",
        ]
