"""Verdicts as the XML that CI servers read."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

from scenebuild.expect.tested import TestedScene
from scenebuild.expect.verdict import Verdict


def junit(tested: Sequence[TestedScene]) -> str:
    """One test suite a scene, one test case an expectation; a scene that could not be tested is an error."""
    suites = "".join(map(_suite, tested))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites{_counts(tested)}>\n{suites}</testsuites>\n'


def _suite(one: TestedScene) -> str:
    cases = [_case(one, f"{verdict.owner}: {verdict.name}", _failure(verdict)) for verdict in one.verdicts]
    cases += [_case(one, "scene", f"<error{_attributes(message=error)}/>") for error in one.errors]
    return f"  <testsuite{_attributes(name=one.scene)}{_counts([one])}>\n{''.join(cases)}  </testsuite>\n"


def _case(one: TestedScene, name: str, outcome: str) -> str:
    return f"    <testcase{_attributes(classname=one.scene, name=name)}>{outcome}</testcase>\n"


def _failure(verdict: Verdict) -> str:
    return "" if verdict.holds else f"<failure{_attributes(message=str(verdict))}/>"


def _counts(tested: Sequence[TestedScene]) -> str:
    verdicts = [verdict for one in tested for verdict in one.verdicts]
    errors = sum(len(one.errors) for one in tested)
    failures = sum(not verdict.holds for verdict in verdicts)
    return _attributes(tests=str(len(verdicts) + errors), failures=str(failures), errors=str(errors))


def _attributes(**values: str) -> str:
    return "".join(f" {name}={quoteattr(_xml(value))}" for name, value in values.items())


def _xml(text: str) -> str:
    """What XML 1.0 can hold: a control character is shown as an escape."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape", "replace").decode() for one in text)
