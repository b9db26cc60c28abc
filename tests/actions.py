"""As much of GitHub's runner as a composite action needs: expressions, steps in bash, and the commands in a log."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

# A runner obeys these anywhere in a line, and "::name::" at its beginning.
_OLD_COMMAND = re.compile(r"##\[([\w-]+)[^\]]*\](.*)")
_COMMAND = re.compile(r"\s*::([\w-]+)(?: ([^\n]*?))?::(.*)")
_CONTEXT = re.compile(r"\b(?:github|inputs|steps|runner)(?:\.[\w-]+)+")
_STRING = re.compile(r"('(?:[^']|'')*')")


@dataclass
class Step:
    """What became of one step."""

    name: str
    outcome: str  # success | failure | skipped
    uses: str = ""
    given: dict[str, Any] = field(default_factory=dict)  # ``with``
    log: str = ""


@dataclass
class Run:
    """What became of all of them."""

    steps: list[Step] = field(default_factory=list)
    commands: list[tuple[str, str, str]] = field(default_factory=list)  # name, properties, text: what a runner obeys
    failed: bool = False

    def step(self, name: str) -> Step:
        """The step whose name begins so."""
        (found,) = [one for one in self.steps if one.name.startswith(name)]
        return found


class Runner:
    """Runs a composite action in a checkout. Steps that use other actions are only noted down."""

    def __init__(self, action: Path, checkout: Path, temp: Path, event_name: str, event: dict[str, Any]) -> None:
        self.plain = yaml.safe_load(action.read_text(encoding="utf-8"))
        self.action, self.checkout, self.temp = action, checkout, temp
        self.files = {name: temp.parent / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV")}
        ref = event.get("ref", "refs/pull/7/merge")
        self.values: dict[str, Any] = {
            "github": {"event_name": event_name, "event": event, "ref": ref},
            "runner": {"temp": str(temp)},
            "steps": {},
            "inputs": {},
        }

    def run(self, environment: dict[str, str], outputs: dict[str, dict[str, str]] | None = None, **inputs: str) -> Run:
        """All steps, with these inputs; ``outputs`` are those of the steps that are only noted down, by id."""
        for name, one in self.plain["inputs"].items():
            self.values["inputs"][name] = inputs.get(name.replace("-", "_"), self.filled(one["default"]))
        result = Run()
        for plain in self.plain["runs"]["steps"]:
            step = self._step(plain, environment, result, outputs or {})
            result.steps.append(step)
            result.failed |= step.outcome == "failure" and not plain.get("continue-on-error", False)
        return result

    def _step(
        self, plain: dict[str, Any], environment: dict[str, str], result: Run, outputs: dict[str, dict[str, str]]
    ) -> Step:
        name = plain.get("name", "")
        if result.failed or ("if" in plain and not self.value(plain["if"])):
            return Step(name, "skipped", plain.get("uses", ""))
        if "uses" in plain:
            given = {key: self.filled(value) for key, value in plain["with"].items()}
            self._note(plain, outputs.get(plain.get("id", ""), {}))
            return Step(name, "success", plain["uses"], given)
        own = {key: self.filled(value) for key, value in plain.get("env", {}).items()}
        for path in self.files.values():
            path.touch()
        before = self.files["GITHUB_OUTPUT"].stat().st_size
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", plain["run"]],
            cwd=self.checkout, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            env={**environment, **self._told(), **own},
        )  # fmt: skip
        log = done.stdout.decode()
        result.commands += commands(log)
        written = self.files["GITHUB_OUTPUT"].read_bytes()[before:].decode()
        self._note(plain, dict(line.split("=", 1) for line in written.splitlines()))
        return Step(name, "failure" if done.returncode else "success", log=log)

    def _told(self) -> dict[str, str]:
        told = {name: str(path) for name, path in self.files.items()}
        return told | {
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(self.action.parent),
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_WORKSPACE": str(self.checkout),
        }

    def _note(self, plain: dict[str, Any], outputs: dict[str, str]) -> None:
        if "id" in plain:
            self.values["steps"][plain["id"]] = {"outputs": outputs}

    # Expressions

    def filled(self, text: Any) -> Any:
        """A text with its ``${{ expressions }}`` replaced, as a step gets it."""
        if not isinstance(text, str):
            return text
        return re.sub(r"\$\{\{(.*?)\}\}", lambda match: str(self.value(match[1])), text)

    def value(self, expression: str) -> Any:
        """The value of an expression; what is not there is empty, as on GitHub."""
        pieces = _STRING.split(expression.strip())
        pieces[::2] = [
            _CONTEXT.sub(lambda match: f"look({match[0]!r})", piece).replace("&&", " and ").replace("||", " or ")
            for piece in pieces[::2]
        ]
        functions = {"look": self._look, "format": str.format, "hashFiles": lambda *_: "0" * 64}
        return eval(" ".join("".join(pieces).split()), {"__builtins__": {}}, functions)

    def _look(self, path: str) -> Any:
        found: Any = self.values
        for name in path.split("."):
            found = found.get(name, "") if isinstance(found, dict) else ""
        return found


def commands(log: str) -> list[tuple[str, str, str]]:
    """What a runner obeys in a log: (name, properties, text)."""
    found = []
    stopped = ""
    for line in re.split(r"\r\n|\n|\r", log):
        if stopped:
            stopped = "" if line.strip() == f"::{stopped}::" else stopped
        elif match := _COMMAND.match(line):
            name, properties, text = match[1], match[2] or "", match[3]
            if name == "stop-commands":
                stopped = text
            else:
                found.append((name, properties, text))
        elif match := _OLD_COMMAND.search(line):
            found.append((match[1], "", match[2]))
    return found
