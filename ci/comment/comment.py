"""Write what a run says about a pull request into one comment of it. Standard library only: ``python3 comment.py``.

It runs with a token that may write, after a run that anybody can cause and fill with anything. So it checks out
nothing, runs nothing of that run, and believes nothing of what it hands over:

- the number of the pull request counts only if the API says that its head is the commit of that run;
- of the words it keeps text, tables and folds: no link, no picture, no mention, no reference, no other HTML;
- both are read from the archive by name and only up to a size.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

MARK = "<!-- scenebuild-diff -->"
AUTHOR = "github-actions[bot]"  # whom the token of a workflow writes as
WORDS, PAGE = "scenebuild-comment", "scenebuild.html"  # artifacts
LONGEST = 65_536  # UTF-16 units: what GitHub takes
LARGEST_ARCHIVE = 2 << 20
LARGEST_ANSWER = 16 << 20
MOST_PAGES = 50  # of a hundred comments
TIMEOUT_S = 30

# What the report is made of and nothing else; no tag may carry an attribute but these.
TAG = re.compile(
    r"<(?:/?(?:details|summary|br|hr|p|b|i|em|strong|sub|sup|del|ins|code|kbd|pre|ul|ol|li|h[1-6]"
    r"|table|thead|tbody|tr)|details open|(?:td|th)(?: align=\"(?:left|right|center)\")?|/td|/th) ?/?>"
)
REFERENCE = re.compile(r"&(?:amp|lt|gt|quot|nbsp|#(\d{1,5}));")
KNOWN = re.compile(f"{TAG.pattern}|{REFERENCE.pattern}")
# None of these classes holds the bracket that begins it: a text is read in a time that grows as its length does.
IMAGE = re.compile(r"!\[[^\[\]\n]*\]\([^()\n]*\)")
LINK = re.compile(r"\[([^\[\]\n]*)\]\([^()\n]*\)")
ORDER = re.compile(r"^([^\S\n]*)/", re.MULTILINE)  # GitLab's quick actions, such as /merge
FENCE = re.compile(r"^([\s>*+\-\d.)]*)(`{3,})[^`]*$")
# Where an invisible JOINER goes in: behind what begins a mention, a reference, a label, a milestone, a footnote, a
# link, an emoji, an order of a log; before what needs a beginning; and into what could be the id of a commit.
ACTING = re.compile(
    r"@|[~%](?=\S)|#(?=[^\s#])|!(?=[\d\[])|\[|\](?=[(:\[])|:(?=\\*/|:|[\w+-]+:)|\*(?=iteration)"
    r"|(?<=www)(?=\\*\.)|(?<=gh)(?=\\*-)|(?<=cve)(?=\\*-)|(?<=ghsa)(?=\\*-)|(?<=\w)(?=>)|[0-9a-f]{6}(?=[0-9a-f])",
    re.IGNORECASE,
)
PUNCTUATION = set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
DOLLAR = "\uff04"  # reads the same, and no formula begins with it; a reference would be shown as such in code
JOINER = "\u2060"  # invisible; parts what would be a mention, a reference or a link
UNSHOWABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb]"
)


class RefusedError(Exception):
    """What was handed over is not what a run of this pull request hands over."""


def main() -> int:
    """Comment for the ``workflow_run`` event of this job; 0 also where there is nothing to say."""
    with open(os.environ["GITHUB_EVENT_PATH"], encoding="utf-8") as file:
        run = json.load(file)["workflow_run"]
    return told(lambda: comment_on(run))


def told(action: Callable[[], str]) -> int:
    """Print what an action says that it did, or why it did not; the exit code."""
    try:
        print(action())
    except RefusedError as refusal:
        print(f"refused: {refusal}")
        return 1
    except (urllib.error.URLError, TimeoutError) as error:
        print(f"the API did not answer as it should: {getattr(error, 'code', '')} {getattr(error, 'reason', error)}")
        return 1
    return 0


def comment_on(run: dict[str, Any]) -> str:
    """Create or update the one comment; what was done, in words."""
    if run["event"] != "pull_request":
        return "not a run for a pull request"
    artifacts = artifacts_of(run["id"])
    if WORDS not in artifacts:
        return "the run left no words"
    handed = unpacked(artifacts[WORDS])
    number = number_of(handed.get("pull-request", b""))
    if not is_current(number, run):
        return f"pull request {number} has moved on; its next run will comment"
    said = handed.get("comment.md", b"").decode("utf-8", "replace").replace(MARK, "").strip()
    mine = own_comment(number)
    if not said and mine is None:
        return "nothing changed"
    text = body(said or "Nothing changes how this sounds any more.", run, artifacts.get(PAGE))
    if mine is None:
        api("POST", f"issues/{number}/comments", {"body": text})
        return f"commented on pull request {number}"
    api("PATCH", f"issues/comments/{mine}", {"body": text})
    return f"updated the comment on pull request {number}"


def artifacts_of(run_id: int) -> dict[str, dict[str, Any]]:
    """The newest artifact of each name: a run that was started again may have several."""
    found = api("GET", f"actions/runs/{int(run_id)}/artifacts?per_page=100")["artifacts"]
    return {one["name"]: one for one in sorted(found, key=lambda one: one["id"]) if not one.get("expired")}


def unpacked(artifact: dict[str, Any]) -> dict[str, bytes]:
    """The two files that are asked for, where they are there; nothing is written, so no name can lead anywhere."""
    if artifact["size_in_bytes"] > LARGEST_ARCHIVE:
        raise RefusedError(f"the archive has more than {LARGEST_ARCHIVE} bytes")
    data = fetched("GET", f"actions/artifacts/{int(artifact['id'])}/zip", None, LARGEST_ARCHIVE)
    files = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in {"comment.md", "pull-request"} & set(archive.namelist()):
                with archive.open(name) as member:
                    files[name] = member.read(4 * LONGEST)
    except Exception as error:  # whatever a decoder says of bytes from a stranger
        raise RefusedError("the archive cannot be read") from error
    return files


def number_of(text: bytes) -> int:
    """The number of a pull request, in digits."""
    if not re.fullmatch(rb"[1-9][0-9]{0,9}", text):
        raise RefusedError("no number of a pull request was handed over")
    return int(text)


def is_current(number: int, run: dict[str, Any]) -> bool:
    """Whether the commit of the run is the head of the pull request. RefusedError where it is somebody else's."""
    try:
        pull = api("GET", f"pulls/{number}")
    except urllib.error.HTTPError as error:
        if error.code == 404:
            raise RefusedError(f"there is no pull request {number}") from error
        raise
    head = pull["head"]
    from_here = head.get("repo") and head["repo"]["id"] == run["head_repository"]["id"]
    if not from_here or head["ref"] != run["head_branch"]:
        raise RefusedError(f"pull request {number} is not the one of this run")
    return bool(head["sha"] == run["head_sha"] and pull["state"] == "open")


def own_comment(number: int) -> int | None:
    """The id of the comment that an earlier run wrote."""
    for page in range(1, MOST_PAGES + 1):
        comments = api("GET", f"issues/{number}/comments?per_page=100&page={page}")
        for one in comments:
            user = one.get("user") or {}
            if user.get("login") == AUTHOR and user.get("type") == "Bot" and one["body"].startswith(MARK):
                return int(one["id"])
        if len(comments) < 100:
            return None
    return None


# Words


def body(said: str, run: dict[str, Any], page: dict[str, Any] | None) -> str:
    """The text of the comment: our own head, with the only links there are, and then the words of the run."""
    address = f"{os.environ['GITHUB_SERVER_URL']}/{os.environ['GITHUB_REPOSITORY']}/actions/runs/{int(run['id'])}"
    listen = f"**[Listen: the page of this change]({address}/artifacts/{int(page['id'])})** · " if page else ""
    commit = re.sub("[^0-9a-f]", "", run["head_sha"])[:7]
    head = f"{MARK}\n{listen}[all of it]({address}) · of `{commit}`\n\n"
    return head + cut(inert(said), LONGEST - units(head))


def inert(text: str) -> str:
    """Markdown with text, tables and folds, and nothing that leads away, calls anybody or shows another's picture.

    >>> inert("[a](http://x) ![b](y) <img src=z> **c** @d #1").replace(JOINER, "|")
    'a  &lt;img src=z|> **c** @|d #|1'
    >>> inert("~bug 1234567 [^1]").replace(JOINER, "|")
    '~|bug 123456|7 [|^1]'
    """
    lines = UNSHOWABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    # The language of a fence can make a diagram or a map of it.
    text = "\n".join(FENCE.sub(r"\1\2", line) for line in lines)
    text = ORDER.sub(rf"\1{JOINER}/", LINK.sub(r"\1", IMAGE.sub("", text)))
    return "".join(_pieces(text))


def _pieces(text: str) -> Iterator[str]:
    """Tags and references that are known go through; what stands between them is parted where it could act."""
    at = 0
    for match in KNOWN.finditer(text):
        yield _parted(text[at : match.start()])
        yield match[0] if match[0].startswith("<") else _reference(match)
        at = match.end()
    yield _parted(text[at:])


def _reference(match: re.Match[str]) -> str:
    """A reference acts as the character that it stands for, and a letter or a digit needs none."""
    number = int(match[1] or 0)
    if match[0] == "&nbsp;" or chr(number) == JOINER:
        return match[0]
    if number and chr(number) not in PUNCTUATION:
        return _parted(match[0])
    return f"{JOINER}{match[0]}{JOINER}"


def _parted(text: str) -> str:
    text = text.replace("&", f"&amp;{JOINER}").replace("<", "&lt;").replace("$", DOLLAR)
    return ACTING.sub(lambda match: match[0] + JOINER, text)


def units(text: str) -> int:
    """The length of a text as GitHub counts it."""
    return len(text.encode("utf-16-le", "replace")) // 2


def cut(text: str, most: int) -> str:
    """The text in whole lines, at most ``most`` units long; folds that are left open are closed."""
    note = "\n\n*Cut here; the page has the rest.*\n"
    if units(text) <= most:
        return text
    kept, room = [], most - units(note) - 2_000
    for line in text.split("\n"):
        room -= units(line) + 1
        if room < 0:
            break
        kept.append(line)
    shorter = "\n".join(kept)
    left_open = shorter.count("<details") - shorter.count("</details>")
    return shorter + "\n\n" + "</details>" * min(max(left_open, 0), 100) + note


# The API


def api(method: str, path: str, content: dict[str, Any] | None = None) -> Any:
    """The answer of the API about this repository."""
    return json.loads(fetched(method, path, content, LARGEST_ANSWER))


def fetched(method: str, path: str, content: dict[str, Any] | None, most: int) -> bytes:
    """The bytes of an answer. The token goes to the API and to nobody that it redirects to."""
    root, repository = os.environ["GITHUB_API_URL"], quote(os.environ["GITHUB_REPOSITORY"])
    request = urllib.request.Request(f"{root}/repos/{repository}/{path}", method=method)
    request.add_header("Accept", "application/vnd.github+json")
    request.add_header("X-GitHub-Api-Version", "2022-11-28")
    request.add_unredirected_header("Authorization", f"Bearer {os.environ['GITHUB_TOKEN']}")
    if content is not None:
        request.data = json.dumps(content).encode()
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        data: bytes = answer.read(most + 1)
    if len(data) > most:
        raise RefusedError(f"an answer has more than {most} bytes")
    return data


if __name__ == "__main__":
    sys.exit(main())
