"""Pages of HTML: one self-contained file each, with our own style and script.

A content security policy allows these by their hashes, so that nothing else can run, whatever an author's text is; all
text is escaped.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from scenebuild import number_text as words
from scenebuild.report.readme.markdown import shown, url
from scenebuild.report.readme.render import OURS


def page(template: str, styles: tuple[str, ...], script: str, **values: Any) -> str:
    """A page from a template of ours, with our style sheets, our script and their hashes."""
    style, code = Markup("").join(map(ours, styles)), ours(script)
    text = (
        _environment()
        .get_template(template)
        .render(style=style, script=code, style_hash=policy_hash(style), script_hash=policy_hash(code), **values)
    )
    return text.rstrip() + "\n"


@cache
def ours(name: str) -> Markup:
    """One of our own template files; it is trusted."""
    return Markup((OURS / name).read_text(encoding="utf-8"))


def policy_hash(text: str) -> str:
    """The hash of a script or a style sheet for a content security policy."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def encoded(data: bytes) -> str:
    """Bytes as base64."""
    return b64encode(data).decode()


def data_uri(kind: str, data: bytes) -> str:
    """Bytes as a data: URI."""
    return f"data:{kind};base64,{encoded(data)}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(OURS),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: shown(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )
    environment.filters.update(url=url, duration=words.duration)
    return environment
