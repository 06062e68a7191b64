"""How gunicorn serves the app: its settings, and the class of its workers."""

import logging
import os
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from threading import Timer

from gunicorn.workers.base import Worker
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import create_server
from werkzeug.test import Client

IS_LENT = "LISTEN_FDS" in os.environ  # the socket: the release before may still take requests
LINGER_SECONDS = 2.0  # that a worker which stops waits for requests on open connections


class Channel(HTTPChannel):  # type: ignore
    """A connection; when the worker stops, it is closed after its next answer."""

    def service(self) -> None:
        if not self.server.accepting:
            self.requests[0].headers["CONNECTION"] = "close"
        super().service()


class BufferedWorker(Worker):  # type: ignore
    """Serves with waitress, which gives a request to a thread only when all of it has arrived.

    A slow client holds a connection, but no thread: the threads of gunicorn itself wait for
    clients, so that a few slow ones stop it. gunicorn starts, watches and stops the processes.
    """

    wake = staticmethod(lambda: None)  # ends a wait for clients

    def handle_exit(self, sig: int, frame: object) -> None:
        """Stop at once: another release may have taken over."""
        super().handle_exit(sig, frame)
        self.wake()

    def run(self) -> None:
        """Serve until gunicorn stops this worker, then finish the requests that have begun."""
        connections: dict[int, wasyncore.dispatcher] = {}
        create_server(
            self.wsgi,
            map=connections,
            sockets=[listener.sock for listener in self.sockets],
            threads=self.cfg.threads,
            backlog=self.cfg.backlog,
            connection_limit=self.cfg.worker_connections,
            channel_timeout=30,  # seconds that an idle connection stays open
            cleanup_interval=5,
            channel_request_lookahead=1,  # notices that a client has gone
            max_request_body_size=2**24,
            clear_untrusted_proxy_headers=False,  # for werkzeug's ProxyFix
            url_prefix=os.environ.get("SCRIPT_NAME", ""),
            ident=None,
        )
        listeners = [each for each in connections.values() if each.accepting]
        for listener in listeners:
            listener.channel_class = Channel
        self.wake = listeners[0].pull_trigger
        while self.alive and self.ppid == os.getppid():
            self.serve(connections)
        for listener in listeners:
            listener.accepting = False
            listener.del_channel()  # the socket stays open for the workers that follow
        stopped = time.monotonic()
        while (age := time.monotonic() - stopped) < self.cfg.graceful_timeout:
            channels = [each for each in connections.values() if isinstance(each, HTTPChannel)]
            is_busy = any(channel.requests or channel.total_outbufs_len for channel in channels)
            if not is_busy and (age > LINGER_SECONDS or not channels):
                break
            self.serve(connections)

    def serve(self, connections: dict[int, wasyncore.dispatcher]) -> None:
        self.notify()  # gunicorn ends a worker that does not
        wasyncore.loop(timeout=0.5, use_poll=True, map=connections, count=1)


control_socket_disable = True
worker_class = BufferedWorker
worker_connections = 2000
threads = 24  # the app limits how many of them build pages: the others answer from its cache
logging.getLogger("waitress.queue").setLevel(logging.ERROR)


def on_starting(arbiter: object) -> None:
    """Do what parts of the app need before a request, such as creating tables, or do not start."""
    if any((Path(__file__).parent / "app/blueprints").glob("[!_]*")):
        subprocess.run([sys.executable, "-m", "flask", "release"], check=True)


def post_worker_init(worker: Worker) -> None:
    """Import what pages need: after the first cached answers, or before any if the socket is lent."""
    timer = Timer(1.0 - IS_LENT, warm_up, [worker])
    timer.daemon = True
    timer.start()
    while IS_LENT and timer.is_alive():
        worker.notify()
        timer.join(0.2)


def warm_up(worker: Worker) -> None:
    for name in ("duckdb", "pandas", "plotly.io"):
        import_module(name)
    if IS_LENT:
        Client(worker.wsgi).get("/")
