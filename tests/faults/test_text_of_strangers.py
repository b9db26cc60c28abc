"""Text of strangers stays text: it links, mentions and commands nothing on any code host.

A table of payloads by writers: the comment on GitHub, the note on GitLab, the summary of a job, annotations, and the
lines of a log. And reading it takes a time that grows as its length does.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import re
import sys
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest
from markdown_it import MarkdownIt

from actions import commands
from scenebuild.ci.job import job_from
from scenebuild.ci.log import Outcome, reported
from scenebuild.cli.terminal import safe
from scenebuild.errors import Place, Problem
from scenebuild.report.readme.markdown import code, paragraphs, sentence, text
from scenebuild.review.textconv import text_of
from scenebuild.scene.check.findings import at_root

ROOT = Path(__file__).parents[2]
JOINER = "\u2060"
COMMIT = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"

PAYLOADS = [
    "@user", "@org/team", "&#64;user", "a@b.invalid", "\\@user", "@<b></b>user",
    "#123", "GH-123", "owner/repo#123", "&#35;123", "GHSA-x1x1-x1x1", "CVE-2024-1234",
    COMMIT, COMMIT[:7], COMMIT.upper(), f"owner/repo@{COMMIT}", f"{COMMIT}...{COMMIT[::-1]}", f"x{COMMIT}",
    "~label", '~"two words"', "%milestone", '%"two words"', "!1", "$1", "&1", "&amp;1", "*iteration:1", "^alert#1",
    "[issue:1]", "[vulnerability:1]", "[[page]]", "[[_TOC_]]", "group/project>", "group/project!1", "&#126;label",
    "##[error]x", "##[add-mask]x", "::error::x", "::set-output name=a::b", "\n::stop-commands::x", "\r::error::x",
    "/merge", "\n/approve", "   /close", "\n\t/assign @user", "![](x)/merge",
    "<https://evil.invalid>", "https://evil.invalid", "http:\\/\\/evil.invalid", "www.evil.invalid",
    "http&#58;//x.invalid",
    "[a](https://evil.invalid)", "[a][b]\n\n[b]: https://evil.invalid", "![a](https://evil.invalid/x.png)",
    "[![a](b)](https://evil.invalid)", "[^1]\n\n[^1]: note", "<!-- hidden -->", "<img src=x>", "<script>x</script>",
    "$x^2$", "$$\\href{https://evil.invalid}{x}$$", "$`x`$", ":tada:", "&#58;tada:", "- [ ] task", "> [!NOTE]\n> x",
    "```mermaid\ngraph TD\n```", "~~~ math\nx\n~~~", "{+ added +}", "\x1b[31mred", "\u202etxet", "a\x00b",
    "\u2028::error::x",
]  # fmt: skip

# What a code host acts on, in the text that a reader is shown.
ACTS = re.compile(
    r"@\w|(?<![#\w])#\d|\b(?:GH|CVE)-\d|GHSA-|(?<![\w⁠])[0-9a-f]{7,40}(?!\w)|~[\w\"]|%[\w\"]|!\d|(?<!⁠)\$\S|&\d|\*iteration:"
    r"|\[\w+:|\[\[|\[\^|\w>|://|www\.|:\w+:|##\[|::\w|\[!|\[[ x]\]",
    re.IGNORECASE,
)
ORDER = re.compile(r"^\s*(?:/\w|::\w)", re.MULTILINE)
UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def module(name: str) -> ModuleType:
    """A script of ``ci/comment``, which is in no package."""
    spec = importlib.util.spec_from_file_location(f"strangers_{name}", ROOT / "ci" / "comment" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(ROOT / "ci" / "comment"))
    try:
        spec.loader.exec_module(loaded)
    finally:
        sys.path.remove(str(ROOT / "ci" / "comment"))
    return loaded


COMMENT = module("comment")


class Page(HTMLParser):
    """The elements of a page, and its text, node by node."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.texts: list[str] = []
        self._code = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._code += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"

    def handle_comment(self, data: str) -> None:
        self.tags.add("!--")

    def handle_data(self, data: str) -> None:
        if not self._code:  # no code host looks for references there
            self.texts.append(data)


def rendered(markdown: str) -> Page:
    """As a reader of CommonMark with tables sees it."""
    return Page(MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown))


HARMLESS = {"p", "code", "pre", "ul", "ol", "li", "blockquote", "b", "em", "strong", "h1", "h2", "hr", "br"}


def is_inert(markdown: str) -> None:
    page = rendered(markdown)
    assert page.tags <= HARMLESS, markdown
    for one in page.texts:
        assert not ACTS.search(one), (one, markdown)
    assert not ORDER.search(markdown), markdown
    assert not UNSHOWABLE.search(markdown), markdown


MARKDOWN: dict[str, Callable[[str], str]] = {
    "comment": lambda said: COMMENT.inert(said),
    "comment of a report": lambda said: COMMENT.inert(f"| {text(said)} | {code(said)} |"),
    "report": text,
    "report of paragraphs": paragraphs,
    "report of a sentence": sentence,
}


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda one: ascii(one)[:40])
@pytest.mark.parametrize("writer", MARKDOWN)
def test_words_lead_nowhere_call_nobody_and_order_nothing(writer: str, payload: str) -> None:
    is_inert(MARKDOWN[writer](payload))
    is_inert(MARKDOWN[writer](f"words {payload} words"))


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda one: ascii(one)[:40])
def test_a_log_obeys_only_its_annotations(payload: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An annotation, an error and a table of the build, as a step of the action prints them."""
    monkeypatch.setenv("RUNNER_TEMP", str(tmp_path))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    job = job_from({"RUNNER_TEMP": str(tmp_path), "GITHUB_ACTIONS": "true"})
    problem = Problem("prompt", safe(payload).replace("\n", " "), Place(f"scenes/{payload}.yaml"))

    def step() -> Outcome:
        sys.stdout.write(safe(payload) + "\n")
        sys.stderr.write(safe(payload) + "\n")
        return Outcome(0, at_root([problem]))

    log = io.StringIO()
    with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
        assert reported(job, "validate", step) == 0
    (one,) = commands(log.getvalue())
    assert one[0] == "error"
    assert re.match(r"file=.*,line=1,col=1,title=prompt$", one[1])


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda one: ascii(one)[:40])
def test_git_diff_shows_a_lock_in_lines_of_plain_text(payload: str, tmp_path: Path) -> None:
    entry = {"engine": "sketch", "key": "0" * 64, "digest": "1" * 64, "prompt": payload}
    lock = tmp_path / "x.lock.json"
    lock.write_text(json.dumps({"version": 1, "elements": {"a": entry}, "mix": {}}))
    said = text_of(str(lock))
    assert not UNSHOWABLE.search(said)
    assert sum(line.startswith("  prompt") for line in said.splitlines()) == 1


# Time

HARD = [
    "[", "![", "](", "[](", "[]()", "(", ")", "\n", " ", "\t", "/", "\\", ":", "::", ":a", "a:", "`", "```", "~", "<",
    "&", "&#", "&amp;", "<details", "<td align=", "*", "**", "_", " · ", "#", "##[", "@", "$", "0", "a", "-", ">", "|",
    "\r", "<!--", "\n/", "\n ", "www.", "gh-", "http:\\",
]  # fmt: skip
READERS: dict[str, Callable[[str], object]] = {
    "comment": lambda said: COMMENT.inert(said),
    "comment that is cut": lambda said: COMMENT.cut(COMMENT.inert(said), 65_536),
    "report": text,
    "code": code,
    "paragraphs": paragraphs,
    "sentence": sentence,
    "terminal": safe,
}


def seconds(reader: Callable[[str], object], said: str) -> float:
    """Of this process, at the best of some tries."""
    found = []
    for _ in range(3):
        begin = time.process_time()
        reader(said)
        found.append(time.process_time() - begin)
    return min(found)


@pytest.mark.hard
@pytest.mark.parametrize("reader", READERS)
def test_a_text_is_read_in_a_time_that_grows_as_its_length_does(reader: str) -> None:
    """Sixteen times the length may cost thirty-two times the time, and not two hundred and fifty-six times."""
    for one in HARD:
        short, long = (one * (length // len(one)) for length in (4_000, 64_000))
        spent = seconds(READERS[reader], short)
        assert seconds(READERS[reader], long) < 32 * spent + 0.05, one


def test_a_text_of_any_length_is_cut_before_it_is_read() -> None:
    assert COMMENT.units(COMMENT.cut(COMMENT.inert("[" * 262_144), 65_536)) <= 65_536
