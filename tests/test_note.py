"""The one note in a merge request of GitLab."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "ci" / "comment" / "note.py"
MARK = "<!-- scenebuild-diff -->"
TOKEN = "a-project-token"
NOTES = "/projects/3/merge_requests/7/notes"


class Forge(ThreadingHTTPServer):
    """As much of GitLab's API as a note needs; the user of the token is number 40."""

    def __init__(self) -> None:
        self.notes: list[dict[str, Any]] = [{"id": 1, "author": {"id": 2}, "body": f"{MARK}\nsomebody else's"}]
        self.tokens: set[str | None] = set()
        forge = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                forge.tokens.add(self.headers.get("PRIVATE-TOKEN"))
                content = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "null")
                data = json.dumps(forge.answer(self.command, self.path, content)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = handle_any  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    def answer(self, method: str, path: str, content: Any) -> Any:
        """The answer to a request."""
        place, _, query = path.partition("?")
        if (method, place) == ("GET", "/user"):
            return {"id": 40}
        if (method, place) == ("GET", NOTES):
            page = int(re.search(r"\bpage=(\d+)", query)[1])  # type: ignore[index]
            return self.notes[100 * (page - 1) : 100 * page]
        if (method, place) == ("POST", NOTES):
            self.notes.append({"id": 900, "author": {"id": 40}, "body": content["body"]})
            return self.notes[-1]
        (found,) = [one for one in self.notes if (method, place) == ("PUT", f"{NOTES}/{one['id']}")]
        found["body"] = content["body"]
        return found


@pytest.fixture
def forge() -> Iterator[Forge]:
    """A forge that is really asked over the loopback."""
    forge = Forge()
    threading.Thread(target=forge.serve_forever, args=(0.01,), daemon=True).start()
    yield forge
    forge.shutdown()
    forge.server_close()


def noted(forge: Forge, folder: Path, words: str, job: str = "55\n") -> str:
    """Run the script as the template does, and return its log."""
    (folder / "comment.md").write_text(words, encoding="utf-8")
    (folder / "job").write_text(job, encoding="utf-8")
    environment = {
        "PATH": os.environ["PATH"], "CI_API_V4_URL": f"http://127.0.0.1:{forge.server_port}", "CI_PROJECT_ID": "3",
        "CI_MERGE_REQUEST_IID": "7", "CI_PROJECT_URL": "https://forge.invalid/ann/harbour",
        "CI_PIPELINE_URL": "https://forge.invalid/ann/harbour/-/pipelines/9", "SCENEBUILD_TOKEN": TOKEN,
        "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(folder)], env=environment, capture_output=True, text=True, check=True
    )
    assert TOKEN not in done.stdout + done.stderr
    return done.stdout.strip()


def test_one_note_is_written_and_kept_up_to_date(forge: Forge, tmp_path: Path) -> None:
    forge.notes += [{"id": 10 + n, "author": {"id": 2}, "body": "chat"} for n in range(150)]
    assert noted(forge, tmp_path, "") == "nothing changed"
    assert noted(forge, tmp_path, f"{MARK}\n| rain | −6.0 dB |") == "wrote a note"
    mine = forge.notes[-1]
    assert mine["body"] == (
        f"{MARK}\n**[Listen: the page of this change](https://forge.invalid/ann/harbour/-/jobs/55/artifacts/file/"
        ".scenebuild/report/diff/index.html)**\n\n| rain | −6.0 dB |"
    )
    assert noted(forge, tmp_path, "") == "updated the note"
    assert mine["body"].endswith("Nothing changes how this sounds any more.")
    assert forge.notes[0]["body"].endswith("somebody else's")
    assert forge.tokens == {TOKEN}


def test_no_line_of_a_note_is_an_order_and_no_job_an_address(forge: Forge, tmp_path: Path) -> None:
    noted(forge, tmp_path, "/merge\n[x](https://evil.invalid) @team", job="5/../../evil\n")
    body = forge.notes[-1]["body"]
    assert not re.search(r"^\s*/|@\w|\]\(https://evil", body, re.MULTILINE)
    assert "[the pipeline](https://forge.invalid/ann/harbour/-/pipelines/9)" in body


def test_the_token_is_for_branches_of_the_project_itself() -> None:
    template = yaml.safe_load((ROOT / "ci" / "gitlab" / "scenebuild.gitlab-ci.yml").read_text(encoding="utf-8"))
    (rule,) = template["scenebuild-note"]["rules"]
    assert "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID" in rule["if"]
    assert "$SCENEBUILD_TOKEN" in rule["if"]
    assert template["scenebuild-note"]["variables"]["GIT_STRATEGY"] == "none", "nothing of the merge request is there"
    assert "TOKEN" not in str(template["scenebuild"])
