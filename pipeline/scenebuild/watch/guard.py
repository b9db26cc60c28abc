"""The checks that a request must pass before anything else reads it.

Three things can reach a port of 127.0.0.1 besides the user's own page: another program on the machine, a page of
another site in the same browser, and another site's name that resolves to 127.0.0.1 (DNS rebinding). A secret in the
path keeps out the first; the origin, and a token that only our page has, keep out the second; the Host header keeps out
the third.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus

TOKEN_HEADER = "X-Scenebuild-Token"
MOST_BODY = 2048  # bytes; an edit has about a hundred
SAME = frozenset(["same-origin", "none"])  # "none": the user typed the address, or opened it from the terminal


class RefusedError(Exception):
    """A request that is refused, and why. ``facts`` are sent with the message."""

    def __init__(self, status: HTTPStatus, message: str, **facts: object) -> None:
        super().__init__(message)
        self.status = status
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Secrets:
    """Random for each run: ``key`` is the first part of every path, ``token`` is in the page."""

    key: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))


def check_request(headers: Message, port: int) -> None:
    """RefusedError for a request to the name of another host, or from a page of another site."""
    hosts = headers.get_all("Host", [])
    if len(hosts) != 1 or hosts[0] not in hosts_of(port):
        raise RefusedError(HTTPStatus.MISDIRECTED_REQUEST, "this server answers to 127.0.0.1 and localhost only")
    if any(site not in SAME for site in headers.get_all("Sec-Fetch-Site", [])):
        raise RefusedError(HTTPStatus.FORBIDDEN, "a page of another site may not ask here")
    if any(origin != f"http://{hosts[0]}" for origin in headers.get_all("Origin", [])):
        raise RefusedError(HTTPStatus.FORBIDDEN, "a page of another origin may not ask here")


def check_edit(headers: Message, token: str) -> int:
    """The length in bytes of the body of an edit. RefusedError if our page did not send it, or if it is not JSON."""
    if not headers.get_all("Origin"):
        raise RefusedError(HTTPStatus.FORBIDDEN, "an edit comes from the page: there is no Origin")
    if not _is_same(headers.get_all(TOKEN_HEADER, []), token):
        raise RefusedError(HTTPStatus.FORBIDDEN, f"an edit needs the page's token in {TOKEN_HEADER}; load it again")
    if headers.get_content_type() != "application/json":
        raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "an edit is application/json")
    lengths = headers.get_all("Content-Length", [])
    if headers.get("Transfer-Encoding") or len(lengths) != 1 or not (lengths[0].isascii() and lengths[0].isdigit()):
        raise RefusedError(HTTPStatus.LENGTH_REQUIRED, "an edit has one Content-Length")
    if len(lengths[0]) > 9 or int(lengths[0]) > MOST_BODY:
        raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"an edit has at most {MOST_BODY} bytes")
    return int(lengths[0])


def inside(path: str, key: str) -> str:
    """The part of a path after the secret: "" for the page. RefusedError for a path without the secret."""
    given, slash, rest = path.removeprefix("/").partition("/")
    if not slash or not _is_same([given], key):
        raise RefusedError(HTTPStatus.NOT_FOUND, "open the address that scenebuild watch printed")
    return rest


def hosts_of(port: int) -> tuple[str, ...]:
    """The Host headers that this server answers."""
    return (f"127.0.0.1:{port}", f"localhost:{port}")


def _is_same(given: Sequence[str], secret: str) -> bool:
    return len(given) == 1 and hmac.compare_digest(given[0].encode(), secret.encode())
