"""Findings as text: for people, as JSON, as GitHub annotations and as SARIF."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from scenebuild.errors import Problem

MOST_SHOWN = 50  # of one file


def capped(problems: Sequence[Problem], total: int | None = None) -> list[Problem]:
    """The first ``MOST_SHOWN`` by place, each once, and a last one with the number of the others of ``total``."""
    ordered = sorted(dict.fromkeys(problems), key=lambda problem: (problem.place, problem.rule, problem.message))
    if len(ordered) <= MOST_SHOWN:
        return ordered
    others = (len(ordered) if total is None else total) - MOST_SHOWN
    return [*ordered[:MOST_SHOWN], Problem("more", f"… and {others} more", ordered[MOST_SHOWN].place)]


def at_root(problems: Sequence[Problem]) -> list[Problem]:
    """The findings with paths from the root of the git repository, as code hosts expect them.

    A file outside of the repository, or in no repository, only loses a ``./``.
    """
    here = os.getcwd()
    root = _repository_root(here)
    return [replace(one, place=replace(one.place, file=_from_root(one.place.file, here, root))) for one in problems]


def _repository_root(folder: str) -> str | None:
    while not os.path.lexists(os.path.join(folder, ".git")):
        folder, name = os.path.split(folder)
        if not name:
            return None
    return folder


def _from_root(file: str, here: str, root: str | None) -> str:
    relative = os.path.relpath(os.path.join(here, file), root) if root else ".."
    return os.path.normpath(file) if relative == ".." or relative.startswith("../") else relative


def as_text(problems: Sequence[Problem]) -> str:
    """A line for each: ``scenes/harbour.yaml:12:9: gain_db: 60 is more than 24. Did you mean 6.0?``"""
    return "".join(
        f"{problem.place}: {'' if problem.severity == 'error' else f'{problem.severity}: '}{problem.message}\n"
        for problem in problems
    )


def as_json(problems: Sequence[Problem]) -> str:
    """``{"version": 1, "problems": [{file, line, column, severity, rule, message}, …]}``"""
    import json

    found = [
        {
            "file": problem.place.file,
            "line": problem.place.line,
            "column": problem.place.column,
            "severity": problem.severity,
            "rule": problem.rule,
            "message": problem.message,
        }
        for problem in problems
    ]
    return json.dumps({"version": 1, "problems": found}, indent=2) + "\n"


def as_github(problems: Sequence[Problem]) -> str:
    """A GitHub workflow command for each, escaped as in GitHub's toolkit, so that no text becomes a command."""
    return "".join(
        f"::{problem.severity} file={_property(problem.place.file)},line={problem.place.line}"
        f",col={problem.place.column},title={_property(problem.rule)}::{_data(problem.message)}\n"
        for problem in problems
    )


def as_sarif(problems: Sequence[Problem], rules: Mapping[str, str] | None = None) -> str:
    """A SARIF 2.1.0 log (OASIS standard) with one run, for code scanning.

    ``rules`` are ids with their help texts; the default are the rules of scene files.
    """
    import json

    from scenebuild import __version__
    from scenebuild.scene.check.rulebook import RULES
    from scenebuild.scene.lint.rulebook import LINT_RULES

    rules = rules or RULES | {name: rule.help for name, rule in LINT_RULES.items()}
    driver = {"name": "scenebuild", "version": __version__, "rules": [_rule(*rule) for rule in rules.items()]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, list(rules)) for problem in problems],
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


FORMATS: dict[str, Callable[[Sequence[Problem]], str]] = {
    "text": as_text,
    "json": as_json,
    "github": lambda problems: as_github(at_root(problems)),
    "sarif": lambda problems: as_sarif(at_root(problems)),
}


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _rule(name: str, help_text: str) -> dict[str, Any]:
    return {"id": name, "shortDescription": {"text": help_text}, "help": {"text": help_text}}


def _result(problem: Problem, rules: list[str]) -> dict[str, Any]:
    region = {"startLine": problem.place.line, "startColumn": problem.place.column}
    location = {"physicalLocation": {"artifactLocation": {"uri": _uri(problem.place.file)}, "region": region}}
    return {
        "ruleId": problem.rule,
        "ruleIndex": rules.index(problem.rule),
        "level": "note" if problem.severity == "notice" else problem.severity,
        "message": {"text": problem.message},
        "locations": [location],
    }


def _uri(file: str) -> str:
    from pathlib import PurePosixPath
    from urllib.parse import quote

    return PurePosixPath(file).as_uri() if file.startswith("/") else quote(file, safe="/", errors="surrogateescape")
