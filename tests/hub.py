"""A model hub on loopback, with what goes wrong on the way to a real one.

Answers ``HEAD`` and ``GET /{repository}/resolve/{revision}/{file}`` with what huggingface_hub looks at (``ETag``,
``X-Repo-Commit``, ``Content-Length``, ranges, ``X-Error-Code``), and the two listings of a revision.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import threading
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from scenebuild.engines.audiocraft.hub.models import CODEC_FILE, Model

REFUSALS: dict[str, tuple[int, dict[str, str]]] = {
    "unavailable": (503, {}),
    "refused": (403, {}),
    "gated": (403, {"X-Error-Code": "GatedRepo"}),
    "denied": (401, {"X-Error-Message": "Invalid credentials in Authorization header"}),
}
LOGIN = b"<!doctype html><title>Airport WiFi</title><form>Accept the terms of use</form>"


# Of a model that is decoded, with audiocraft's defaults where it says nothing.
CONFIGURATION = {
    "transformer_lm": {
        "dim": 64, "num_layers": 2, "n_q": 4, "norm_first": True, "activation": "gelu", "causal": True,
        "bias_attn": False, "bias_ff": False, "bias_proj": False,
    },
    "codebooks_pattern": {"modeling": "delay"},
    "conditioners": {"description": {"model": "t5", "t5": {"name": "t5-large"}}},
    "fuser": {"cross": ["description"]},
    "dataset": {"segment_duration": 10},
}  # fmt: skip


def checkpoint(seed: str, size: int = 200_000, **changes: object) -> bytes:
    """A zip as torch.save writes it, harmless, that differs by ``seed`` alone; ``changes`` of its configuration."""
    config = json.dumps({**CONFIGURATION, **changes, "seed": seed})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        content = pickle.dumps({"best_state": {}, "xp.cfg": config}, protocol=2)
        archive.writestr(zipfile.ZipInfo("archive/data.pkl"), content)
        archive.writestr(zipfile.ZipInfo("archive/data/0"), hashlib.shake_128(seed.encode()).digest(size))
    return packed.getvalue()


def reference(repository: str) -> bytes:
    """A codec file that holds a name in place of weights, as audiocraft's exporter writes it."""
    packed = io.BytesIO()
    plain = {"pretrained": repository, "exported": True, "version": "1.3.0"}
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("archive/data.pkl"), pickle.dumps(plain, protocol=2))
    return packed.getvalue()


def content_of(model: Model) -> dict[tuple[str, str], dict[str, bytes]]:
    """Small files in place of all those that a model needs: (repository, commit) -> name -> bytes."""
    encoder = model.text_encoder
    weights = {name: checkpoint(f"{model.id} {name}") for name in model.files}
    text = {name: f'{{"this is": "{name}"}}\n'.encode() * 50 for name in encoder.files}
    content = {(model.repository, model.revision): weights, (encoder.repository, encoder.revision): text}
    if model.codec is not None:
        weights[CODEC_FILE] = reference(model.codec.repository)
        shared = {name: f'{{"codec": "{name}"}}\n'.encode() * 40 for name in model.codec.files}
        content[model.codec.repository, model.codec.revision] = shared
    return content


def etag_of(name: str, body: bytes) -> str:
    """What the hub calls a file's bytes: SHA-256 for large files, git's own hash for small ones."""
    if name.endswith((".bin", ".safetensors")):
        return hashlib.sha256(body).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()


def put_in_cache(cache: Path, content: dict[tuple[str, str], dict[str, bytes]]) -> None:
    """Lay files out as huggingface_hub does: bytes under their hash, and links to them under the commit."""
    for (repository, commit), files in content.items():
        folder = cache / f"models--{repository.replace('/', '--')}"
        (folder / "blobs").mkdir(parents=True, exist_ok=True)
        (folder / "snapshots" / commit).mkdir(parents=True, exist_ok=True)
        for name, body in files.items():
            (folder / "blobs" / etag_of(name, body)).write_bytes(body)
            (folder / "snapshots" / commit / name).symlink_to(Path("../../blobs") / etag_of(name, body))


@dataclass
class Fault:
    """What goes wrong with a file, for so many GET requests."""

    kind: (
        str  # cut, flip, short, stall, expire, missing, denied, gated, refused, login, other-commit, unavailable, huge
    )
    times: int = 10**6


@dataclass
class Hub:
    """The hub; usable as a context. ``elsewhere`` sends those who want a file's bytes to another hub, as a CDN, with a
    link that is signed: after the fault "expire" that link is refused, and a new one is not. It is a proxy as well."""

    content: dict[tuple[str, str], dict[str, bytes]]
    main: dict[str, str] = field(default_factory=dict)  # repository -> commit
    renamed: dict[str, str] = field(default_factory=dict)  # a repository that has another name now -> that name
    faults: dict[str, Fault] = field(default_factory=dict)  # file name -> fault; "*" for every file
    elsewhere: Hub | None = None
    ranges: bool = True
    requests: list[str] = field(default_factory=list)  # "GET /path", "GET /path from 17"
    tokens: list[str] = field(default_factory=list)  # of every request, "" where none was sent
    links: list[str] = field(default_factory=list)  # that were given, by their signatures
    expired: set[str] = field(default_factory=set)
    stalled: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Hub:
        hub = self

        class Answers(_Answers):
            pass

        Answers.hub = hub
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """What HF_ENDPOINT has to be."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def gets(self) -> list[str]:
        """The GET requests, in order."""
        return [request for request in self.requests if request.startswith("GET")]


class _Answers(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        self.hub.requests.append(f"{self.command} {self.path}{f' from {start}' if start else ''}")
        self.hub.tokens.append(self.headers.get("Authorization", ""))
        address = urlsplit(self.path)  # a proxy is asked for the whole of it
        parts = address.path.strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            self._listing(parts[2:])
            return
        where = parts.index("resolve")
        repository, revision, name = "/".join(parts[:where]), parts[where + 1], parts[where + 2]
        if repository in self.hub.renamed:
            moved = address.path.replace(f"/{repository}/", f"/{self.hub.renamed[repository]}/", 1)
            self._send(307, b"", {"Location": moved})
            return
        commit = self.hub.main.get(repository, "") if revision == "main" else revision
        fault = self._fault(name, with_body=with_body)
        body = self.hub.content.get((repository, commit), {}).get(name)
        if fault == "login":
            self._send(200, LOGIN if with_body else b"", {"Content-Type": "text/html"}, size=len(LOGIN))
        elif fault in REFUSALS or address.query in self.hub.expired:
            status, headers = REFUSALS.get(fault, (403, {}))
            self._send(status, b"", headers)
        elif (repository, commit) not in self.hub.content:
            self._send(404, b"", {"X-Error-Code": "RevisionNotFound"})
        elif body is None or fault == "missing":
            self._send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit})
        else:
            if fault == "expire":
                self.hub.expired.add(address.query)
            self._file(name, body, "f" * 40 if fault == "other-commit" else commit, start, fault, with_body)

    def _fault(self, name: str, *, with_body: bool) -> str:
        fault = self.hub.faults.get(name) or self.hub.faults.get("*")
        if fault is None or fault.times < 1:
            return ""
        if with_body:
            fault.times -= 1
        return fault.kind

    def _file(self, name: str, body: bytes, commit: str, start: int, fault: str, with_body: bool) -> None:
        large = name.endswith((".bin", ".safetensors"))
        etag = etag_of(name, body)
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        if large and self.hub.elsewhere is not None:
            linked = {"X-Linked-Etag": f'"{etag}"', "X-Linked-Size": str(len(body)), "X-Repo-Commit": commit}
            self.hub.links.append(f"signed={len(self.hub.links)}")
            path = urlsplit(self.path).path
            self._send(302, b"", {**linked, "Location": f"{self.hub.elsewhere.url}{path}?{self.hub.links[-1]}"})
            return
        if not with_body:
            self._send(200, b"", headers, size=10**16 if fault == "huge" else len(body))
            return
        if fault == "flip":
            body = body[:-20] + bytes([body[-20] ^ 1]) + body[-19:]
        status, rest = (206, body[start:]) if start and self.hub.ranges else (200, body)
        if status == 206:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        if fault == "short":
            rest = rest[: len(rest) // 2]
        self._send(status, rest, headers, half=fault if fault in ("cut", "stall", "expire") else "")

    def _send(
        self, status: int, body: bytes, headers: dict[str, str], *, size: int | None = None, half: str = ""
    ) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body) if size is None else size)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if half else body)
        if half:
            self.wfile.flush()
            self.hub.stalled.set()
            if half == "stall":
                self.hub.closing.wait(20)
            self.close_connection = True

    def _listing(self, parts: list[str]) -> None:
        """``/api/models/{repository}/revision/{rev}`` and ``/api/models/{repository}/tree/{sha}``."""
        kind = "revision" if "revision" in parts else "tree"
        where = parts.index(kind) if kind in parts else len(parts)
        repository, revision = "/".join(parts[:where]), parts[where + 1] if len(parts) > where + 1 else "main"
        commit = self.hub.main.get(repository, "") if revision == "main" else revision
        files = self.hub.content.get((repository, commit))
        if files is None:
            self._send(404, b"", {"X-Error-Code": "RevisionNotFound"})
            return
        siblings = [{"rfilename": name} for name in files]
        tree = [{"type": "file", "path": name, "size": len(body), "oid": "0" * 40} for name, body in files.items()]
        plain = {"id": repository, "sha": commit, "siblings": siblings} if kind == "revision" else tree
        self._send(200, json.dumps(plain).encode(), {"Content-Type": "application/json"})
