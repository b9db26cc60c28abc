"""The server of ``scenebuild watch``: which requests it accepts, what it serves, and what it refuses."""

from __future__ import annotations

import http.client
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from scenebuild.errors import UsageError
from scenebuild.watch import server
from scenebuild.watch.board import Board
from scenebuild.watch.edits import write_edit
from scenebuild.watch.guard import MOST_BODY, Secrets
from scenebuild.watch.server import WatchContext, serving

SCENE = "name: X\nelements:\n  rain:\n    prompt: rain\n    volume: 0.7\n"
PATH = "scenes/x.yaml"
EDIT = {"element": "rain", "field": "volume", "value": 0.35, "was": 0.7}


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def plain(self) -> Any:
        return json.loads(self.body)


@dataclass
class Client:
    port: int
    secrets: Secrets
    board: Board
    folder: Path
    more: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body: bytes | None = None, headers: Any = ()) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        headers = {"Host": f"127.0.0.1:{self.port}", **dict(headers)}
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            for one in [] if value is None else value if isinstance(value, list) else [value]:
                connection.putheader(name, one)
        connection.endheaders(body)
        answer = connection.getresponse()
        found = Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        connection.close()
        return found

    def get(self, name: str = "", **headers: str) -> Answer:
        return self.ask("GET", f"/{self.secrets.key}/{name}", headers=headers)

    def edit(self, plain: Any = EDIT, path: str | None = None, **changes: Any) -> Answer:
        """An edit as the page sends it; ``changes`` to its headers, None leaves one out."""
        body = plain if isinstance(plain, bytes) else json.dumps(plain).encode()
        headers = {
            "Origin": self.origin, "Sec-Fetch-Site": "same-origin", "X-Scenebuild-Token": self.secrets.token,
            "Content-Type": "application/json", "Content-Length": len(body),
        }  # fmt: skip
        headers |= {name.replace("_", "-"): value for name, value in changes.items()}
        return self.ask("POST", path or f"/{self.secrets.key}/edit", body, headers)


@pytest.fixture
def client(project: Path) -> Iterator[Client]:
    (project / PATH).write_text(SCENE)
    folder = project / "build/x"
    (folder / "elements").mkdir(parents=True)
    (folder / "x.wav").write_bytes(b"RIFF" * 1000)
    (folder / "elements/rain.wav").write_bytes(b"RIFF")
    (folder / "secret.txt").write_text("of no build")
    outputs: dict[str, list[object]] = {
        "x.wav": [],
        "elements/rain.wav": [],
        "gone.wav": [],
        "out.wav": [],
        "pipe.wav": [],
        "../../" + PATH: [],
    }
    (folder / "manifest.json").write_text(json.dumps({"inputs": {}, "outputs": outputs}))
    (folder / "out.wav").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe.wav")
    board, secrets = Board("<title>waiting</title>"), Secrets()
    room = WatchContext(board, str(folder), secrets, lambda edit: write_edit(edit, PATH, {}))
    with serving(0, room) as address:
        port = int(address.split(":")[2].split("/")[0])
        assert address == f"http://127.0.0.1:{port}/{secrets.key}/"
        yield Client(port, secrets, board, folder)


def text() -> str:
    return Path(PATH).read_text()


def test_the_page_has_an_address_that_nobody_guesses(client: Client) -> None:
    client.board.built("<title>page</title>")
    page = client.get()
    assert (page.status, page.body) == (200, b"<title>page</title>")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["x-scenebuild-page"] == "1"
    assert len(client.secrets.key) == len(client.secrets.token) == 32
    assert client.secrets != Secrets()
    for path in (
        "/",
        "/index.html",
        "/edit",
        "/events",
        f"/{client.secrets.key}",
        f"/{client.secrets.key[:-1]}/",
        f"/{client.secrets.token}/",
        f"/x/{client.secrets.key}/",
        "//",
        "/é/",
        "*",
    ):
        answer = client.ask("GET", path.encode("latin-1").decode("latin-1") if path.isascii() else "/%C3%A9/")
        assert answer.status == 404, path
        assert client.secrets.key.encode() not in answer.body


def test_every_answer_keeps_to_itself(client: Client) -> None:
    answers = [client.get(), client.get("x.wav"), client.get("nothing"), client.edit(), client.ask("PUT", "/")]
    assert [answer.status for answer in answers] == [200, 200, 404, 200, 405]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert not any(name.startswith("access-control") for name in answer.headers)
        assert "Python" not in answer.headers["server"]


def test_the_files_of_the_build_and_no_others(client: Client) -> None:
    wav = client.get("x.wav")
    assert (wav.status, wav.headers["content-type"], wav.body) == (200, "audio/wav", b"RIFF" * 1000)
    assert client.get("elements/rain.wav").status == 200
    assert client.get("elements%2Frain.wav").status == 200
    assert "sandbox" in wav.headers["content-security-policy"]
    for name in (
        "secret.txt",
        "manifest.json",
        "gone.wav",
        "out.wav",
        "pipe.wav",
        "elements",
        "elements/",
        "./x.wav",
        "../x/x.wav",
        "../../scenes/x.yaml",
        "..%2f..%2fscenes%2fx.yaml",
        "%2e%2e/%2e%2e/scenes/x.yaml",
        "/etc/passwd",
        "%2Fetc%2Fpasswd",
        "x.wav%00",
        "x.wav?a=b",
        "x.wav/",
        "%",
        "edit",
    ):
        answer = client.get(name)
        assert answer.status == 404, name
        assert answer.plain == {"error": "the build has no such file"}


def test_the_page_writes_one_line(client: Client) -> None:
    answer = client.edit()
    assert answer.status == 200
    assert answer.plain == {"value": 0.35, "changed": True, "place": "scenes/x.yaml:5", "edit": 1}
    assert text() == SCENE.replace("0.7", "0.35")
    again = client.edit({**EDIT, "was": 0.35}).plain
    assert (again["changed"], again["edit"]) == (False, 1), "a build that knows of the first edit knows of this one"
    assert client.edit(Host=f"localhost:{client.port}", Origin=f"http://localhost:{client.port}").status == 409


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"X-Scenebuild-Token": None}, 403),
        ({"X-Scenebuild-Token": ""}, 403),
        ({"X-Scenebuild-Token": "x" * 32}, 403),
        ({"X-Scenebuild-Token": ["KEY", "TOKEN"]}, 403),
        ({"X-Scenebuild-Token": "KEY"}, 403),
        ({"Origin": None}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "http://127.0.0.1"}, 403),
        ({"Origin": "https://127.0.0.1:PORT"}, 403),
        ({"Origin": "http://localhost:PORT"}, 403),
        ({"Origin": ["http://127.0.0.1:PORT", "http://evil.example"]}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": ["same-origin", "cross-site"]}, 403),
        ({"Host": None}, 421),
        ({"Host": "evil.example"}, 421),
        ({"Host": "evil.example:PORT", "Origin": "http://evil.example:PORT"}, 421),
        ({"Host": "127.0.0.1"}, 421),
        ({"Host": "127.0.0.1:1"}, 421),
        ({"Host": "127.0.0.1.evil.example:PORT"}, 421),
        ({"Host": ["127.0.0.1:PORT", "evil.example"]}, 421),
        ({"Content-Type": None}, 415),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Length": None}, 411),
        ({"Content-Length": "-1"}, 411),
        ({"Content-Length": "x"}, 411),
        ({"Content-Length": "²"}, 411),
        ({"Content-Length": ["60", "70"]}, 411),
        ({"Transfer-Encoding": "chunked"}, 411),
        ({"Content-Length": MOST_BODY + 1}, 413),
        ({"Content-Length": "9" * 5000}, 413),
    ],
    ids=str,
)
def test_nobody_else_writes_anything(client: Client, changes: dict[str, Any], status: int) -> None:
    meant = {"PORT": str(client.port), "KEY": client.secrets.key, "TOKEN": client.secrets.token}

    def filled(value: Any) -> Any:
        if isinstance(value, list):
            return [filled(one) for one in value]
        if isinstance(value, str):
            for name, real in meant.items():
                value = value.replace(name, real)
        return value.encode("latin-1").decode("latin-1") if isinstance(value, str) else value

    answer = client.edit(**{name.replace("-", "_"): filled(value) for name, value in changes.items()})
    assert answer.status == status
    assert answer.plain["error"]
    assert client.secrets.token.encode() not in answer.body
    assert text() == SCENE


def test_no_other_method_and_no_other_place_takes_an_edit(client: Client) -> None:
    body = json.dumps(EDIT).encode()
    headers = {"Origin": client.origin, "X-Scenebuild-Token": client.secrets.token, "Content-Type": "application/json"}
    for method in ("PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "CONNECT", "edit"):
        path = f"/{client.secrets.key}/edit"
        assert client.ask(method, path, body, {**headers, "Content-Length": len(body)}).status == 405, method
    assert client.edit(path="/edit").status == 404
    assert client.edit(path=f"/{client.secrets.token}/edit").status == 404
    for name in ("", "events", "x.wav", "../../scenes/x.yaml", "edit/", "edit?x"):
        assert client.edit(path=f"/{client.secrets.key}/{name}").status == 405, name
    assert client.get(f"edit?{body.decode()}".replace(" ", "")).status == 404
    assert text() == SCENE


def test_an_answer_says_what_is_wrong(client: Client) -> None:
    assert client.edit({**EDIT, "field": "prompt"}).plain == {
        "error": "prompt: the page can write volume, pan, start, mute and nothing else"
    }
    Path(PATH).write_text(SCENE.replace("0.7", "0.9"))
    answer = client.edit()
    assert answer.status == 409
    assert answer.plain == {"error": "volume: the file now has 0.9, so nothing was written", "now": 0.9}
    assert text() == SCENE.replace("0.7", "0.9")


def test_reading_across_origins_is_refused_too(client: Client) -> None:
    assert client.get(Origin="http://evil.example").status == 403
    assert client.get(**{"Sec-Fetch-Site": "cross-site"}).status == 403
    assert client.get("events", **{"Sec-Fetch-Site": "cross-site"}).status == 403
    assert client.get(Host="evil.example").status == 421
    assert client.get(**{"Sec-Fetch-Site": "none"}).status == 200


def events(client: Client) -> Iterator[Any]:
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=5)
    connection.request("GET", f"/{client.secrets.key}/events")
    answer = connection.getresponse()
    assert answer.getheader("Content-Type") == "text/event-stream"
    while line := answer.readline():
        if line.startswith(b"data: "):
            yield json.loads(line[6:])
    connection.close()


def test_news_come_as_they_happen_and_the_state_at_once(client: Client) -> None:
    news = events(client)
    assert next(news) == {"page": 0, "edits": 0, "kind": "building", "lines": []}
    client.board.built("<title>1</title>")
    assert next(news) == {"page": 1, "edits": 0, "kind": "built", "lines": []}
    client.board.failed(("scenes/x.yaml:1:1: </script><script>\n\n",))
    assert next(news) == {
        "page": 1,
        "edits": 0,
        "kind": "failed",
        "lines": ["scenes/x.yaml:1:1: </script><script>\n\n"],
    }
    assert client.get().body == b"<title>1</title>", "the last good page stays"
    assert next(events(client))["kind"] == "failed"
    client.board.close()
    assert list(news) == []


def test_a_slow_listener_hears_the_latest_and_nothing_piles_up() -> None:
    board = Board("")
    for _ in range(1000):
        board.building()
        board.built("<title></title>")
    state = board.wait(1, 0)
    assert state is not None
    assert (state.number, state.page) == (2001, 1000)


def test_the_number_of_connections_is_bounded(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens many and says nothing takes no thread more; when they go, the page is there again."""
    before = threading.active_count()
    held = [socket.create_connection(("127.0.0.1", client.port), 5) for _ in range(server.MOST_CONNECTIONS + 20)]
    time.sleep(0.3)
    assert threading.active_count() - before <= server.MOST_CONNECTIONS
    for one in held:
        one.close()
    for _ in range(50):
        time.sleep(0.05)
        try:
            assert client.get().status == 200
            break
        except (http.client.HTTPException, OSError):
            continue
    else:
        pytest.fail("the server did not come back")


def test_silence_is_not_waited_for(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.Handler, "timeout", 0.3)
    with socket.create_connection(("127.0.0.1", client.port), 5) as slow:
        slow.sendall(b"POST /x HTTP/1.1\r\n")
        assert slow.recv(100) == b""
    body = json.dumps(EDIT).encode()
    head = (
        f"POST /{client.secrets.key}/edit HTTP/1.1\r\nHost: 127.0.0.1:{client.port}\r\nOrigin: {client.origin}\r\n"
        f"X-Scenebuild-Token: {client.secrets.token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", client.port), 5) as slow:
        slow.sendall(head.encode() + body[:-1])
        assert slow.recv(100) == b""
    assert text() == SCENE


@pytest.mark.parametrize(
    "request_line",
    [b"GET / HTTP/9.9", b"GET", b"\x00\x01\x02", b"GET /" + b"a" * 70000 + b" HTTP/1.1", b"GET  HTTP/1.1"],
)
def test_no_request_breaks_it(client: Client, request_line: bytes) -> None:
    with socket.create_connection(("127.0.0.1", client.port), 5) as odd:
        odd.sendall(request_line + b"\r\n\r\n")
        answer = odd.recv(100_000)
    assert not answer or b" 200 " not in answer.split(b"\r\n")[0]
    assert client.get().status == 200


def test_it_ends_with_its_threads(project: Path) -> None:
    before = set(threading.enumerate())
    board, secrets = Board(""), Secrets()
    room = WatchContext(board, str(project), secrets, lambda edit: write_edit(edit, PATH, {}))
    with serving(0, room) as address:
        client = Client(int(address.split(":")[2].split("/")[0]), secrets, board, project)
        news = events(client)
        next(news)
        begun = time.monotonic()
    assert list(news) == []
    for thread in set(threading.enumerate()) - before:
        thread.join(2)
    assert time.monotonic() - begun < 2
    assert set(threading.enumerate()) <= before


def test_a_port_that_is_taken_is_said(client: Client) -> None:
    with pytest.raises(UsageError, match=rf"--port {client.port}: Address already in use; leave it out"):  # noqa: SIM117
        with serving(
            client.port, WatchContext(client.board, "", client.secrets, lambda edit: write_edit(edit, PATH, {}))
        ):
            pass


def test_only_this_machine_reaches_it(client: Client) -> None:
    with socket.create_server(("127.0.0.2", client.port)):
        pass  # a server on all addresses would have it already
