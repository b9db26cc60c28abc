"""The server of the page: one address and one scene."""

from __future__ import annotations

import json
import os
import shutil
import socketserver
import stat
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import unquote

from scenebuild.errors import UsageError
from scenebuild.files import utf8
from scenebuild.plan.manifest import outputs_of
from scenebuild.watch.board import Board, BuildState
from scenebuild.watch.edits import ControlEdit, WrittenEdit, parse_edit
from scenebuild.watch.guard import RefusedError, Secrets, check_edit, check_request, inside

HERE = "127.0.0.1"
MOST_CONNECTIONS = 32  # each is a thread; a page has two open, and some for its sound
PATIENCE_S = 10.0  # for a client that neither sends nor reads
HEARTBEAT_S = 5.0
PAGE_HEADER = "X-Scenebuild-Page"
KINDS = {
    ".wav": "audio/wav", ".mp3": "audio/mpeg", ".ogg": "audio/ogg", ".flac": "audio/flac", ".svg": "image/svg+xml",
    ".png": "image/png", ".md": "text/plain; charset=utf-8", ".txt": "text/plain; charset=utf-8",
}  # fmt: skip
# The page has a stricter policy in its head; this one keeps it out of frames.
PAGE_POLICY = "frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # the address is a secret
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class WatchContext:
    """What the server needs: the board, the folder of the build, and the function that writes an edit; ``touched`` is
    set when one was written."""

    def __init__(
        self, board: Board, folder: str, secrets: Secrets, write: Callable[[ControlEdit], WrittenEdit]
    ) -> None:
        self.board = board
        self.folder = folder
        self.secrets = secrets
        self.write = write
        self.touched = threading.Event()


class Server(ThreadingMixIn, HTTPServer):
    """An HTTP server on 127.0.0.1 with a bounded number of threads."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, port: int, room: WatchContext) -> None:
        self.room = room
        self._places = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__((HERE, port), Handler)

    def server_bind(self) -> None:
        """As the base class does it, without looking up the name of the machine."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HERE, self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report any error except those of a client that disconnected."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


@contextmanager
def serving(port: int, room: WatchContext) -> Iterator[str]:
    """Serve until the end of the block; gives the address of the page. UsageError for a port that is not available."""
    try:
        server = Server(port, room)
    except OSError as error:
        raise UsageError(f"--port {port}: {error.strerror or error}; leave it out to use a free port") from error
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://{HERE}:{server.server_port}/{room.secrets.key}/"
    finally:
        room.board.close()
        server.shutdown()
        server.server_close()
        thread.join()


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    timeout = PATIENCE_S
    server_version = "scenebuild"
    sys_version = ""

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a log would hold the secret in the path."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """A refusal of the base class, such as an unknown method, in the form of all our answers."""
        status = HTTPStatus(code)
        if status == HTTPStatus.NOT_IMPLEMENTED:
            status = HTTPStatus.METHOD_NOT_ALLOWED
        self.close_connection = True
        self._refuse(RefusedError(status, status.phrase))

    def _answer(self, what: Callable[[str], None]) -> None:
        try:
            check_request(self.headers, self.server.server_port)
            what(inside(self.path, self.server.room.secrets.key))
        except RefusedError as refused:
            self._refuse(refused)

    def _get(self, name: str) -> None:
        if name == "":
            number, html = self.server.room.board.page
            self._send(HTTPStatus.OK, "text/html; charset=utf-8", utf8(html), PAGE_POLICY, {PAGE_HEADER: number})
        elif name == "events":
            self._send_events()
        else:
            self._send_file(unquote(name))

    def _post(self, name: str) -> None:
        if name != "edit":
            raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "only edits are posted")
        room = self.server.room
        body = self.rfile.read(check_edit(self.headers, room.secrets.token))
        written = room.write(parse_edit(body))
        number = room.board.edited(written.changed)
        if written.changed:
            room.touched.set()
        place = f"{written.path}:{written.line}"
        self._send_json(
            HTTPStatus.OK, {"value": written.value, "changed": written.changed, "place": place, "edit": number}
        )

    def _send_events(self) -> None:
        """Server-sent events: the current state and each one that follows, until the client or the server ends."""
        board = self.server.room.board
        state: BuildState | None = board.state
        self._head(HTTPStatus.OK, "text/event-stream", FILE_POLICY)
        while state is not None:
            self.wfile.write(_event(state))
            while (news := board.wait(state.number, HEARTBEAT_S)) is state:
                self.wfile.write(b":\n\n")
            state = news

    def _send_file(self, name: str) -> None:
        folder = self.server.room.folder
        if name not in outputs_of(folder):
            raise RefusedError(HTTPStatus.NOT_FOUND, "the build has no such file")
        path = os.path.realpath(os.path.join(folder, name))
        if not path.startswith(os.path.realpath(folder) + os.sep):
            raise RefusedError(HTTPStatus.NOT_FOUND, "the build has no such file")
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_NOFOLLOW", 0))
        except OSError:
            raise RefusedError(HTTPStatus.NOT_FOUND, "the build has no such file") from None
        with open(descriptor, "rb") as file:
            facts = os.fstat(descriptor)
            if not stat.S_ISREG(facts.st_mode):
                raise RefusedError(HTTPStatus.NOT_FOUND, "the build has no such file")
            kind = KINDS.get(os.path.splitext(name)[1], "application/octet-stream")
            self._head(HTTPStatus.OK, kind, FILE_POLICY, {"Content-Length": facts.st_size})
            shutil.copyfileobj(file, self.wfile)

    def _refuse(self, refused: RefusedError) -> None:
        self._send_json(refused.status, {"error": str(refused), **refused.facts})

    def _send_json(self, status: HTTPStatus, plain: Mapping[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(plain).encode(), FILE_POLICY)

    def _send(
        self, status: HTTPStatus, kind: str, body: bytes, policy: str, more: Mapping[str, Any] | None = None
    ) -> None:
        self._head(status, kind, policy, {"Content-Length": len(body), **(more or {})})
        self.wfile.write(body)

    def _head(self, status: HTTPStatus, kind: str, policy: str, more: Mapping[str, Any] | None = None) -> None:
        self.send_response(status)
        headers = {"Content-Type": kind, "Content-Security-Policy": policy, **HEADERS, **(more or {})}
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()


def _event(state: BuildState) -> bytes:
    plain = {"page": state.page, "edits": state.edits, "kind": state.kind, "lines": state.lines}
    return f"data: {json.dumps(plain)}\n\n".encode()
