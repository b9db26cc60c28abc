"""Renders a report with a template: values in, Markdown out.

Every value that a template prints is escaped as text (``markdown.text``), unless it went through a filter that gives
Markdown, or through ``safe``.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, Template, TemplateNotFound
from jinja2.exceptions import SecurityError, TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

import scenebuild.templates
from scenebuild import number_text as words
from scenebuild.errors import UsageError
from scenebuild.files import read_bounded
from scenebuild.report.model import Report
from scenebuild.report.readme import markdown

README = "README.md.jinja2"
OURS = Path(str(scenebuild.templates.__file__)).parent

# Limits of a template. A report of 2,000 elements with 2,000 characters of prompt each stays below them.
MOST_CHARACTERS = 16 * 2**20
MOST_TURNS = 100_000  # of all its range() loops together
MOST_REPEATS = 100_000  # of one string or list


Read = dict[str, str | None]


class Inert(str):
    """Escaped Markdown. Everything derived from it (slices, joins, cases) is plain text again."""

    __slots__ = ()


def _finished(value: Any) -> str:
    return value if isinstance(value, Inert) else markdown.text(str(value))


def _filter(function: Callable[..., str]) -> Callable[..., Inert]:
    return lambda value, *options: Inert(function(value, *options))


class _Folder(FileSystemLoader):
    """Templates of one folder and the folders in it; a link that leads out of it is not followed.

    ``read`` receives each path that was looked for, with the SHA-256 of its bytes, or None if it does not exist.
    """

    def __init__(self, folder: Path, read: Read | None = None) -> None:
        super().__init__(folder)
        self._read = {} if read is None else read

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        try:
            _, path, uptodate = super().get_source(environment, template)
        except TemplateNotFound:
            self._read[os.path.join(self.searchpath[0], template)] = None
            raise
        if not Path(path).resolve().is_relative_to(Path(self.searchpath[0]).resolve()):
            raise TemplateNotFound(template)
        content = read_bounded(path, MOST_CHARACTERS)
        self._read[path] = sha256(content).hexdigest()
        return content.decode(self.encoding), path, uptodate


class _Sandbox(ImmutableSandboxedEnvironment):
    """A sandbox with plain data only, and with limits for loops and strings."""

    intercepted_binops = frozenset(["*", "**"])

    def __init__(self, loader: BaseLoader) -> None:
        super().__init__(
            loader=loader,
            undefined=StrictUndefined,
            autoescape=False,  # Markdown, not HTML: `finalize` escapes, and markup of HTML's kind is not trusted
            finalize=_finished,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self.turns_left = MOST_TURNS
        self.globals = {"range": self._range}
        plain = (words.duration, words.sample_rate, words.channels, words.listing, words.pan, words.unbroken)
        self.filters.update({function.__name__: function for function in plain})
        inert = (markdown.code, markdown.code_block, markdown.paragraphs, markdown.sentence, markdown.url)
        self.filters.update({function.__name__: _filter(function) for function in inert})
        self.filters.update(safe=_filter(str), escape=_filter(markdown.text), e=_filter(markdown.text))

    def _range(self, *bounds: int) -> range:
        turns = range(*bounds)
        # len() refuses what does not fit a machine word, so this is asked first.
        if turns and abs(turns[-1] - turns[0]) // abs(turns.step) >= self.turns_left:
            raise SecurityError(f"more than {MOST_TURNS} turns of range()")
        self.turns_left -= len(turns)
        return turns

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        if operator == "**" and not (numbers and abs(left) < 2**64 and abs(right) <= 64):
            raise SecurityError("so large a power")
        if operator == "*" and not numbers and max(_size(left), 1) * max(_size(right), 1) > MOST_REPEATS:
            raise SecurityError(f"a repetition of more than {MOST_REPEATS}")
        return super().call_binop(context, operator, left, right)


def _size(value: Any) -> int:
    return abs(value) if isinstance(value, int) else len(value) if hasattr(value, "__len__") else 1


def render_readme(report: Report, template: Path | None = None, read: Read | None = None) -> str:
    """The README of a build as Markdown (UTF-8, ending in a newline), by our template or by the user's own.

    A user's template sees ``report`` and nothing else, and may include templates of its own folder and ours.
    UsageError, ``file:line: what``, for a template that is missing, wrong or exceeds a limit. ``read`` receives the
    SHA-256 of each of the user's templates by path, or None for one that does not exist.
    """
    if template is None:
        return rendered(README, report=report)
    if not template.is_file():
        raise UsageError(f"{template}: there is no such template file")
    real = template.resolve()
    sandbox = _Sandbox(ChoiceLoader([_Folder(real.parent, read), _Folder(OURS)]))
    try:
        text = _rendered(sandbox.get_template(real.name), report=report)
        if read is not None:
            read[str(template)] = read.get(str(real))
        return text
    # A template is a program and can raise any exception.
    except Exception as error:
        raise UsageError(_complaint(error, template)) from error


def rendered(name: str, **values: Any) -> str:
    """One of our own templates with its values, as Markdown."""
    return _rendered(_ours(name), **values)


@cache
def _ours(name: str) -> Template:
    """A template of ours, compiled once: one command may build many scenes."""
    return _Sandbox(_Folder(OURS)).get_template(name)


def _rendered(template: Template, **values: Any) -> str:
    return "".join(_bounded(template.generate(**values))).rstrip() + "\n"


def _bounded(pieces: Iterator[str]) -> Iterator[str]:
    left = MOST_CHARACTERS
    for piece in pieces:
        left -= len(piece)
        if left < 0:
            raise SecurityError(f"more than {MOST_CHARACTERS} characters of text")
        yield piece


def _complaint(error: Exception, template: Path) -> str:
    path, line = _place(error, str(template.resolve()))
    folder = template.resolve().parent
    for root, typed in ((folder, template.parent), (OURS, Path("templates"))):
        if Path(path).is_relative_to(root):
            path = os.fspath(typed / Path(path).relative_to(root))
            break
    return f"{path}:{line}: {_what(error)}"


def _place(error: Exception, start: str) -> tuple[str, int]:
    """File and line where a template failed: the innermost frame of the traceback that is a template's."""
    if isinstance(error, TemplateSyntaxError):
        return error.filename or start, error.lineno
    folders = (str(Path(start).parent) + os.sep, str(OURS) + os.sep)
    frames = [(frame.filename, frame.lineno or 1) for frame in traceback.extract_tb(error.__traceback__)]
    mine = [frame for frame in frames if frame[0].startswith(folders) and not frame[0].endswith(".py")]
    return mine[-1] if mine else (start, 1)


def _what(error: Exception) -> str:
    if isinstance(error, TemplateNotFound):
        what = f"there is no template {error.message!r} beside it, nor among scenebuild's own"
    elif isinstance(error, UnicodeDecodeError):
        what = "it is not UTF-8 text"
    elif isinstance(error, RecursionError):
        what = "it calls or includes itself without end"
    elif isinstance(error, SecurityError):
        what = f"a template may not ask for this: {error}"
    elif isinstance(error, TemplateError):
        what = str(error.message or error)
    else:
        what = f"{type(error).__name__}: {error}"
    return markdown.shown(what)[:200]
