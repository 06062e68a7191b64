"""Mail: by SMTP, to MAIL_URL. While developing, mails are printed, and shown at /dev/mail."""

import logging
import os
import smtplib
import ssl
from collections import deque
from email.message import EmailMessage
from threading import Thread
from urllib.parse import unquote, urlsplit

from flask import current_app, request

log = logging.getLogger(__name__)
TIMEOUT_SECONDS = 20
unsent: deque[EmailMessage] = deque(maxlen=50)  # at /dev/mail


def send(to: str, subject: str, text: str) -> None:
    """Send a mail, in the background: how long it takes must not tell who has an account."""
    mail = EmailMessage()
    mail["To"], mail["Subject"] = to, f"{subject} - {current_app.config['TITLE']}"
    mail["From"] = os.environ.get("MAIL_FROM") or "dashboard@localhost"
    mail.set_content(text)
    if address := os.environ.get("MAIL_URL"):
        Thread(target=_deliver, args=[mail, address]).start()
    elif current_app.debug or current_app.testing:
        log.warning("Mail to %s, also at /dev/mail:\n%s", to, text)
        unsent.appendleft(mail)
    else:
        log.warning("A mail was not sent: MAIL_URL is not set: see README.md.")


def site_url() -> str:
    """Return the address of the site for links in mails.

    In production it is SITE_URL: the Host of a request may be what an attacker sent.
    """
    address = os.environ.get("SITE_URL") or request.host_url
    return address.rstrip("/")


def _deliver(mail: EmailMessage, address: str) -> None:
    """Send a mail to smtp://USER:PASSWORD@HOST:587, with STARTTLS if the server has it, or smtps://."""
    parts = urlsplit(address)
    host, context = parts.hostname or "localhost", ssl.create_default_context()
    try:
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                host, parts.port or 465, timeout=TIMEOUT_SECONDS, context=context
            )
        else:
            server = smtplib.SMTP(host, parts.port or 587, timeout=TIMEOUT_SECONDS)
        with server:
            server.ehlo_or_helo_if_needed()
            if parts.scheme != "smtps" and server.has_extn("starttls"):
                server.starttls(context=context)
            if parts.username:
                if parts.scheme != "smtps" and not isinstance(server.sock, ssl.SSLSocket):
                    raise smtplib.SMTPException("The server has no TLS for the password.")
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(mail)
    except (OSError, smtplib.SMTPException):
        log.exception("A mail was not sent")
