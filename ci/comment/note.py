"""Write what a pipeline of GitLab says about a merge request into one note of it: ``python3 -I note.py FOLDER``.

Standard library only. The words are treated as those of a stranger, as in ``comment.py``: a line of a note that begins
with a slash, such as /merge, would be done with the rights of the token.
"""

from __future__ import annotations

import json
import os
import re
import stat
import sys
import urllib.request
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # -I takes it away, with the folder of the job
from comment import LARGEST_ANSWER, LONGEST, MARK, MOST_PAGES, TIMEOUT_S, RefusedError, cut, inert, told, units


def main(folder: str) -> int:
    """Create or update the one note from what another job left in a folder; 0 also where there is nothing to say."""
    return told(lambda: noted(read(folder, "comment.md").replace(MARK, "").strip(), read(folder, "job").strip()))


def read(folder: str, name: str) -> str:
    """The text of a file that another job left, up to a size; empty where it left none.

    RefusedError for anything but a file: a link would have what this machine keeps elsewhere written into the note.
    """
    path = os.path.abspath(os.path.join(folder, name))
    if os.path.realpath(os.path.dirname(path)) != os.path.dirname(path):
        raise RefusedError(f"{name} lies behind a link")
    try:
        # A named pipe is opened without waiting, and refused like everything that is no file.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise RefusedError(f"{name} cannot be opened as a file: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise RefusedError(f"{name} is no file")
    with os.fdopen(descriptor, "rb") as file:
        return file.read(4 * LONGEST).decode("utf-8", "replace")


def noted(said: str, job: str) -> str:
    """Keep the note up to date; what was done, in words."""
    mine = own_note()
    if not said and mine is None:
        return "nothing changed"
    head = f"{MARK}\n{link(job)}\n\n"
    text = head + cut(inert(said or "Nothing changes how this sounds any more."), LONGEST - units(head))
    if mine is None:
        api("POST", notes(), {"body": text})
        return "wrote a note"
    api("PUT", f"{notes()}/{mine}", {"body": text})
    return "updated the note"


def link(job: str) -> str:
    """Where the page is: among the artifacts of the job that made it."""
    if not re.fullmatch(r"[0-9]{1,20}", job):
        return f"[the pipeline]({os.environ['CI_PIPELINE_URL']})"
    page = f"{os.environ['CI_PROJECT_URL']}/-/jobs/{job}/artifacts/file/.scenebuild/report/diff/index.html"
    return f"**[Listen: the page of this change]({page})**"


def own_note() -> int | None:
    """The id of the note that an earlier pipeline wrote, with the same token's user."""
    user = api("GET", "user")["id"]
    for page in range(1, MOST_PAGES + 1):
        found = api("GET", f"{notes()}?per_page=100&page={page}")
        for one in found:
            if one["author"]["id"] == user and one["body"].startswith(MARK):
                return int(one["id"])
        if len(found) < 100:
            return None
    return None


def notes() -> str:
    """Where the notes of this merge request are."""
    project, number = int(os.environ["CI_PROJECT_ID"]), int(os.environ["CI_MERGE_REQUEST_IID"])
    return f"projects/{project}/merge_requests/{number}/notes"


def api(method: str, path: str, content: dict[str, Any] | None = None) -> Any:
    """The answer of the API. The token goes to the API and to nobody that it redirects to."""
    request = urllib.request.Request(f"{os.environ['CI_API_V4_URL']}/{path}", method=method)
    request.add_unredirected_header("PRIVATE-TOKEN", os.environ["SCENEBUILD_TOKEN"])
    if content is not None:
        request.data = json.dumps(content).encode()
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        return json.loads(answer.read(LARGEST_ANSWER))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
