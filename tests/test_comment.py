"""The workflow that may write: it writes one comment, and trusts nothing that a stranger's run hands over."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "ci" / "comment" / "comment.py"
TOKEN = "a-token-that-may-write"
HEAD = "1234567" + "0" * 33
RUN = {
    "id": 99, "event": "pull_request", "head_sha": HEAD, "head_branch": "louder",
    "head_repository": {"id": 5, "full_name": "stranger/harbour"},
}  # fmt: skip
BOT = {"login": "github-actions[bot]", "type": "Bot"}
MARK = "<!-- scenebuild-diff -->"


def zipped(**files: str | bytes) -> bytes:
    """An archive with these files; ``__`` is a dot, ``___`` a slash."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


class Forge:
    """As much of GitHub's API as the comment needs, with one pull request from a fork."""

    def __init__(self) -> None:
        self.archive = zipped(**{"comment.md": "| rain | −6.0 dB |", "pull-request": "7"})
        self.artifacts = [{"id": 3, "name": "scenebuild-comment"}, {"id": 4, "name": "scenebuild.html"}]
        self.pulls: dict[int, dict[str, Any]] = {
            7: {"state": "open", "head": {"sha": HEAD, "ref": "louder", "repo": {"id": 5}}},
            8: {"state": "open", "head": {"sha": "f" * 40, "ref": "other", "repo": {"id": 1}}},
        }
        self.comments: list[dict[str, Any]] = [{"id": 1, "user": {"login": "ann", "type": "User"}, "body": MARK}]
        self.writes: list[tuple[str, str]] = []
        self.tokens: dict[str, str | None] = {}
        self.blobs = self._serve(self._blob)
        self.api = self._serve(self._api)

    def _serve(self, answer: Any) -> ThreadingHTTPServer:
        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                code, headers, data = answer(self, json.loads(self.rfile.read(length) or "null"))
                self.send_response(code)
                for name, value in {**headers, "Content-Length": str(len(data))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PATCH = handle_any  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return server

    def close(self) -> None:
        for server in (self.api, self.blobs):
            server.shutdown()
            server.server_close()

    def _blob(self, request: Any, _: Any) -> tuple[int, dict[str, str], bytes]:
        self.tokens["blob"] = request.headers.get("Authorization")
        return 200, {}, self.archive

    def _api(self, request: Any, content: Any) -> tuple[int, dict[str, str], bytes]:
        path, _, query = request.path.removeprefix("/repos/owner/harbour/").partition("?")
        self.tokens["api"] = request.headers.get("Authorization")
        if request.command != "GET":
            return 200, {}, json.dumps(self._write(request.command, path, content)).encode()
        if path == "actions/artifacts/3/zip":
            return 302, {"Location": f"http://127.0.0.1:{self.blobs.server_port}/blob"}, b""
        found: Any = None
        if path == "actions/runs/99/artifacts":
            found = {"artifacts": [{"size_in_bytes": len(self.archive), **one} for one in self.artifacts]}
        elif match := re.fullmatch(r"pulls/(\d+)", path):
            found = self.pulls.get(int(match[1]))
        elif re.fullmatch(r"issues/\d+/comments", path):
            page = int(re.search(r"\bpage=(\d+)", query)[1])  # type: ignore[index]
            found = self.comments[100 * (page - 1) : 100 * page]
        return (404, {}, b"{}") if found is None else (200, {}, json.dumps(found).encode())

    def _write(self, method: str, path: str, content: dict[str, str]) -> dict[str, Any]:
        self.writes.append((method, path))
        if method == "POST":
            assert re.fullmatch(r"issues/\d+/comments", path)
            self.comments.append({"id": 1000 + len(self.comments), "user": BOT, "body": content["body"]})
            return self.comments[-1]
        (found,) = [one for one in self.comments if path == f"issues/comments/{one['id']}"]
        found["body"] = content["body"]
        return found


@pytest.fixture
def forge() -> Iterator[Forge]:
    """A forge that is really asked over the loopback."""
    forge = Forge()
    yield forge
    forge.close()


def commented(forge: Forge, folder: Path, **changes: Any) -> tuple[int, str]:
    """Run the script as the workflow does; exit code and log."""
    event = folder / "event.json"
    event.write_text(json.dumps({"workflow_run": {**RUN, **changes}}))
    environment = {
        "PATH": os.environ["PATH"], "GITHUB_EVENT_PATH": str(event), "GITHUB_REPOSITORY": "owner/harbour",
        "GITHUB_API_URL": f"http://127.0.0.1:{forge.api.server_port}", "GITHUB_SERVER_URL": "https://forge.invalid",
        "GITHUB_TOKEN": TOKEN,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT)], env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert TOKEN not in done.stdout + done.stderr
    return done.returncode, done.stdout.strip()


def test_the_first_run_writes_a_comment_and_later_ones_keep_it_up_to_date(forge: Forge, tmp_path: Path) -> None:
    forge.comments += [{"id": 10 + n, "user": None, "body": "chat"} for n in range(150)]
    assert commented(forge, tmp_path) == (0, "commented on pull request 7")
    (mine,) = [one for one in forge.comments if one["user"] == BOT]
    assert mine["body"] == (
        f"{MARK}\n**[Listen: the page of this change](https://forge.invalid/owner/harbour/actions/runs/99/artifacts/4)**"
        " · [all of it](https://forge.invalid/owner/harbour/actions/runs/99) · of `1234567`\n\n| rain | −6.0 dB |"
    )
    forge.archive = zipped(**{"comment.md": "| rain | −3.0 dB |", "pull-request": "7"})
    assert commented(forge, tmp_path) == (0, "updated the comment on pull request 7")
    assert "−3.0 dB" in mine["body"]
    assert forge.writes == [("POST", "issues/7/comments"), ("PATCH", f"issues/comments/{mine['id']}")]
    assert forge.comments[0]["body"] == MARK, "what somebody else marked is not ours"


def test_the_token_is_not_shown_to_whom_the_api_redirects_to(forge: Forge, tmp_path: Path) -> None:
    assert commented(forge, tmp_path)[0] == 0
    assert forge.tokens == {"api": f"Bearer {TOKEN}", "blob": None}


@pytest.mark.parametrize(
    "number",
    ["8", "9", "07", "7\n", "7 ", "-7", "\u0667", "7/../8", "", "7" * 4000, "8\n7"],
    ids=lambda text: ascii(text[:9]),
)
def test_a_number_that_is_not_that_of_the_run_is_refused(forge: Forge, tmp_path: Path, number: str) -> None:
    forge.archive = zipped(**{"comment.md": "hello", "pull-request": number})
    code, said = commented(forge, tmp_path)
    assert (code, said.split(":")[0]) == (1, "refused")
    assert forge.writes == []


def test_a_number_whose_head_only_looks_alike_is_refused(forge: Forge, tmp_path: Path) -> None:
    for other in ({"repo": {"id": 6}}, {"repo": None}, {"ref": "main"}):
        forge.pulls[7]["head"] = {"sha": HEAD, "ref": "louder", "repo": {"id": 5}} | other
        assert commented(forge, tmp_path)[0] == 1
    assert forge.writes == []


def test_nothing_is_written_for_a_pull_request_that_moved_on_or_was_closed(forge: Forge, tmp_path: Path) -> None:
    forge.pulls[7]["head"]["sha"] = "2" * 40
    assert commented(forge, tmp_path) == (0, "pull request 7 has moved on; its next run will comment")
    forge.pulls[7] |= {"state": "closed", "head": {"sha": HEAD, "ref": "louder", "repo": {"id": 5}}}
    assert commented(forge, tmp_path)[0] == 0
    assert commented(forge, tmp_path, event="push") == (0, "not a run for a pull request")
    assert forge.writes == []


def test_no_news_makes_no_comment_but_an_old_one_is_put_right(forge: Forge, tmp_path: Path) -> None:
    silent = zipped(**{"comment.md": "\n", "pull-request": "7"})
    loud, forge.archive = forge.archive, silent
    assert commented(forge, tmp_path) == (0, "nothing changed")
    forge.archive = loud
    commented(forge, tmp_path)
    forge.archive = silent
    assert commented(forge, tmp_path) == (0, "updated the comment on pull request 7")
    assert forge.comments[-1]["body"].endswith("Nothing changes how this sounds any more.")


def test_archives_are_read_by_name_and_only_up_to_a_size(forge: Forge, tmp_path: Path) -> None:
    before = {path.name for path in tmp_path.iterdir()}
    forge.archive = zipped(**{"../../out": "x", "comment.md": "line\n" * 10_000_000, "pull-request": "7"})
    assert commented(forge, tmp_path)[0] == 0
    body = forge.comments[-1]["body"]
    assert len(body) <= 65_536
    assert body.endswith("*Cut here; the page has the rest.*\n")
    assert {path.name for path in tmp_path.iterdir()} == before | {"event.json"}
    forge.archive = os.urandom(3 << 20)
    assert commented(forge, tmp_path) == (1, "refused: the archive has more than 2097152 bytes")
    forge.artifacts[0]["size_in_bytes"] = 10
    assert commented(forge, tmp_path) == (1, "refused: an answer has more than 2097152 bytes")
    forge.archive = b"no archive"
    assert commented(forge, tmp_path) == (1, "refused: the archive cannot be read")


def test_the_newest_artifact_of_a_run_that_was_started_again_counts(forge: Forge, tmp_path: Path) -> None:
    forge.artifacts += [{"id": 2, "name": "scenebuild-comment"}, {"id": 40, "name": "scenebuild.html"}]
    assert commented(forge, tmp_path)[0] == 0
    assert "/artifacts/40)" in forge.comments[-1]["body"]


# Words


HOSTILE = [
    "[click](https://evil.invalid) [javascript](javascript:x) [a]( <https://evil.invalid> )",
    "![see](https://evil.invalid/x.png) ![a![b](c)](https://evil.invalid) [![x](y)](https://evil.invalid)",
    "[a][b] [c]: https://evil.invalid\n\n[b]: https://evil.invalid\n[d]:\n  https://evil.invalid",
    "<a href='https://evil.invalid'>x</a> <img src=https://evil.invalid> <script>x</script> <!-- hidden -->",
    "<summary onclick=x> <details\nopen> <td align=left style=x> <svg/onload=x> <input type=checkbox>",
    "https://evil.invalid http:\\/\\/evil.invalid www.evil.invalid WWW\\.evil.invalid <https://evil.invalid>",
    "@team a@evil.invalid \\@team &#64;team &#x40;team &commat;team <mailto:a@evil.invalid> xmpp:a@evil.invalid",
    "#1 GH-1 gh\\-1 owner/repo#1 &#35;1 closes #1 &num;1 &#x23;1 &#104;ttps&colon;//evil.invalid",
    "```mermaid\ngraph TD; A-->B; click A 'https://evil.invalid'\n```\n- ~~~ geojson\n  {}\n  ~~~\n",
    "</details></details></table> <!-- scenebuild-diff --> \u202e\u2066evil \x1b[31m \x00",
    "| a | b |\n| --- | --- |\n| [x](https://evil.invalid) | @team |",
    "[^1] text\n\n[^1]: https://evil.invalid",
    "/merge\n  /approve\n\n/close !1 ~label",
]


class Elements(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))

    def handle_comment(self, data: str) -> None:
        self.tags.append(("!--", ((data, None),)))

    def handle_data(self, data: str) -> None:
        self.text += data


def rendered(text: str) -> Elements:
    """The text as a reader of CommonMark with tables sees it."""
    return Elements(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_what_a_strangers_run_says_leads_nowhere_and_calls_nobody(forge: Forge, tmp_path: Path, hostile: str) -> None:
    forge.archive = zipped(**{"comment.md": hostile, "pull-request": "7"})
    assert commented(forge, tmp_path)[0] == 0
    body = forge.comments[-1]["body"]
    assert body.count(MARK) == 1
    head, _, said = body.partition("\n\n")
    page = rendered(said)
    kept = {"p", "details", "summary", "table", "thead", "tbody", "tr", "th", "td", "ul", "ol", "li", "pre", "code"}
    assert {tag for tag, _ in page.tags} <= kept
    assert {attribute for _, attributes in page.tags for attribute in attributes} <= {("open", None)}
    assert not re.search(r"@\w|#\d|GH-\d|://|www\.\w", page.text, re.IGNORECASE), page.text
    assert not re.search(r"^\s*/|!\d", said, re.MULTILINE), "what GitLab would do, or refer to"
    assert not re.search("[\u202e\u2066\x1b\x00]", body)
    assert "evil.invalid" not in head


def test_what_a_report_is_made_of_comes_through() -> None:
    text = (
        "### Sound of this change\n\n<details open><summary><b>harbour</b> &#42;x&#42;</summary>\n\n"
        "| | before | after |\n| --- | ---: | ---: |\n| `rain` | −20.0 LUFS | −26.0 LUFS |\n\n</details>\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", "import sys, comment; sys.stdout.write(comment.inert(sys.stdin.read()))"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
        cwd=SCRIPT.parent,
    )
    assert done.stdout.replace("\u2060", "") == text


def test_a_fold_that_is_cut_is_closed(forge: Forge, tmp_path: Path) -> None:
    text = "<details><summary>a</summary>\n\n" + "| 𝄞 | b |\n" * 20_000 + "</details>"
    forge.archive = zipped(**{"comment.md": text, "pull-request": "7"})
    assert commented(forge, tmp_path)[0] == 0
    body = forge.comments[-1]["body"]
    assert len(body.encode("utf-16-le")) // 2 <= 65_536
    assert body.count("<details") == body.count("</details>") == 1


def test_the_workflow_that_may_write_takes_nothing_from_the_pull_request() -> None:
    workflow = yaml.safe_load((ROOT / "ci" / "github" / "scenebuild-comment.yml").read_text())
    (job,) = workflow["jobs"].values()
    assert workflow["permissions"] == {}
    assert job["permissions"] == {"actions": "read", "pull-requests": "write"}
    assert list(workflow[True]) == ["workflow_run"], "YAML 1.1 reads 'on' as true"
    (step,) = job["steps"]
    assert step == {"uses": "OWNER/scenebuild/ci/comment@v0.1.0"}, "no checkout, no shell, no artifact on the disk"
    action = yaml.safe_load((SCRIPT.parent / "action.yml").read_text())
    (step,) = action["runs"]["steps"]
    assert "${{" not in step["run"]
