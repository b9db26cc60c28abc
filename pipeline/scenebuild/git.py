"""The one way to run git.

The configuration of a repository comes from whoever made the checkout. So no program that a configuration can name is
run: no hook, filter, monitor, pager, editor, credential helper or ssh command. Nothing is fetched: a file that a
partial clone lacks is an error. A failure of git is an error with git's message, never an empty answer.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping

from scenebuild.errors import UsageError
from scenebuild.scene.quoting import printable

# These name the repository and the user's configuration. Every other variable of git is dropped: many of them name a
# command (GIT_EXTERNAL_DIFF, GIT_SSH_COMMAND, GIT_ASKPASS) or a file to write to (GIT_TRACE).
KEPT = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_COUNT", "GIT_EXEC_PATH", "GIT_INDEX_FILE",
)  # fmt: skip
KEPT_BEGINNINGS = ("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")  # safe.directory comes this way, too
ALWAYS = {
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # git before 2.45 fetches what it lacks, whatever GIT_NO_LAZY_FETCH says
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
NOTHING = "false"  # a command that does nothing and fails
OVERRIDES = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.pager": "cat",
    "core.editor": NOTHING,
    "core.askPass": "",
    "core.sshCommand": NOTHING,
    "core.gitProxy": "none",
    "core.alternateRefsCommand": NOTHING,
    "core.untrackedCache": "false",
    "credential.helper": "",  # empties the list
    "diff.external": "",
    "gc.auto": "0",
    "gpg.program": NOTHING,
    "log.showSignature": "false",
    "maintenance.auto": "false",
    "protocol.allow": "never",
    "safe.bareRepository": "explicit",  # no folder of the checkout is a repository with a configuration of its own
    "submodule.recurse": "false",
}
LONGEST_WORDS = 600  # of git's, in a message


class GitError(UsageError):
    """Git failed; the message is git's."""


def git(folder: str, *arguments: str) -> bytes:
    """The output of git. GitError if it fails."""
    answer = ask(folder, *arguments)
    if answer is None:
        raise GitError(f"git {arguments[0]} failed")
    return answer


def ask(folder: str, *arguments: str) -> bytes | None:
    """The output of git; None if its answer is no (exit code 1 without output). GitError if it fails."""
    done = subprocess.run(command(*arguments), cwd=folder, capture_output=True, env=environment(), check=False)
    if done.returncode == 0:
        return done.stdout
    if done.returncode == 1 and not complaints(done.stderr) and not done.stdout:
        return None
    raise GitError(words(done.stderr, arguments[0], done.returncode))


def command(*arguments: str) -> list[str]:
    """The command line of git. UsageError if git is not installed."""
    overrides = [part for name, value in OVERRIDES.items() for part in ("-c", f"{name}={value}")]
    return [_program(), "--no-pager", *overrides, *arguments]


def environment(outside: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment variables for git."""
    kept = {
        name: value
        for name, value in outside.items()
        if not name.startswith("GIT_") or name in KEPT or name.startswith(KEPT_BEGINNINGS)
    }
    for name in ("LANGUAGE", "PAGER", "EDITOR", "VISUAL", "SSH_ASKPASS"):
        kept.pop(name, None)
    return kept | ALWAYS


def words(said: bytes, verb: str, code: int) -> str:
    """git's message about a failure, on one line."""
    lines = complaints(said) or [f"git {verb} ended with exit code {code}"]
    return " ".join(map(printable, lines))[:LONGEST_WORDS]


def complaints(said: bytes) -> list[str]:
    """The lines of git's error messages, without warnings and without the prefix (``fatal:``, ``error:``)."""
    lines = [line.strip() for line in said.decode("utf-8", "replace").splitlines()]
    kept = [line for line in lines if line and not line.startswith(("warning: ", "hint: "))]
    return [line.removeprefix("fatal: ").removeprefix("error: ") for line in kept]


def _program() -> str:
    """The full path of git. Relative parts of PATH are ignored: they could find a git in the checkout."""
    folders = [one for one in os.environ.get("PATH", os.defpath).split(os.pathsep) if os.path.isabs(one)]
    found = shutil.which("git", path=os.pathsep.join(folders))
    if found is None:
        raise UsageError("git is not installed here; install it, or compare two folders: scenebuild diff OLD NEW")
    return found
