"""Odd documents: read as YAML 1.2 says, or refused in one line; and what is read can be edited, by the same parser."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from scenebuild.cli import run
from scenebuild.errors import SceneError
from scenebuild.scene.yaml.document import Document, parse_document
from scenebuild.scene.yaml.edit import edited
from scenebuild.scene.yaml.source import text_of

# Text -> what it says. Where YAML 1.1, or a parser that is looser or stricter, would have something else.
READ: dict[str, Any] = {
    "a:\t# a tab before a comment\n  b: 1\t# and another\n": {"a": {"b": 1}},
    "a:\t1\nb: 2\t\n": {"a": 1, "b": 2},
    "a: |\n  one\n  \ttwo\n": {"a": "one\n\ttwo\n"},
    "a: |\n  one\n   \ttwo\n": {"a": "one\n \ttwo\n"},
    "a: >\n  one\n  \ttwo\n\n  three\n": {"a": "one\n\ttwo\n\nthree\n"},
    "a: |1\n \tone\n": {"a": "\tone\n"},
    'a: "one\n  \ttwo"\n': {"a": "one two"},
    "a: 'one\n  \ttwo'\n": {"a": "one two"},
    "a: one\n  \ttwo\n": {"a": "one two"},
    "a: [one,\n  \ttwo]\n": {"a": ["one", "two"]},
    'a: "tab\there"\n': {"a": "tab\there"},
    "a: b\r\nc:\r\n  d: e\r\n": {"a": "b", "c": {"d": "e"}},
    "a: b\rc:\r  d: e\r": {"a": "b", "c": {"d": "e"}},
    "a: |\r\n  one\r\n  two\r\n": {"a": "one\ntwo\n"},
    "\ufeffa: b\n": {"a": "b"},
    "a: b": {"a": "b"},
    "a: |+\n  x\n   ": {"a": "x\n \n"},
    "a: |\n  x": {"a": "x\n"},
    "a:\n- |+\n   ": {"a": ["\n"]},
    "{a: 1, 'b c': 2, \"d\":3,\n e: {f: 4,\n    g: [5,\n 6]}}\n": {
        "a": 1, "b c": 2, "d": 3, "e": {"f": 4, "g": [5, 6]},
    },
    "? a\n: b\n? c\n": {"a": "b", "c": None},
    "{? a : b, ? c : d}\n": {"a": "b", "c": "d"},
    "?a: b\n": {"?a": "b"},
    "a: ?b\nc: {d: '?e'}\n": {"a": "?b", "c": {"d": "?e"}},
    "a: what? why?yes\n": {"a": "what? why?yes"},
    "a: {b: c?d, e?: f}\n": {"a": {"b": "c?d", "e?": "f"}},
    "a: -b\nc: :d\ne: [f-g, h:i]\n": {"a": "-b", "c": ":d", "e": ["f-g", "h:i"]},
    "a: b#c\nd: 'e'  # f#g\nh: i # j k#l\n": {"a": "b#c", "d": "e", "h": "i"},
    "a: |  # b#c\n  # d#e\n  f#g\n# h#i\nj: k\n": {"a": "# d#e\nf#g\n", "j": "k"},
    "a: http://x.y/z?a=1#b\n": {"a": "http://x.y/z?a=1#b"},
    "a: 'it''s'\nb: \"\\u263A \\/ \\x41\"\n": {"a": "it's", "b": "☺ / A"},
    "a: 雨 🌧 é\nb: \u00a0c\u00a0\n": {"a": "雨 🌧 é", "b": "\u00a0c\u00a0"},
    "--- # a head\na: b\n...\n": {"a": "b"},
    "a: >-\n  one\n  two\n\n\n  three\n\n": {"a": "one two\n\nthree"},
    "a: b:c\n": {"a": "b:c"},
    "a:\n  - - b\n    - c\n  -\n    d: e\n": {"a": [["b", "c"], {"d": "e"}]},
    "a: yes\nb: on\nc: 1:30\nd: 2024-01-01\ne: 012\nf: 1_000\ng: 0b1\n": {
        "a": "yes", "b": "on", "c": "1:30", "d": "2024-01-01", "e": 12, "f": "1_000", "g": "0b1",
    },
}  # fmt: skip

# Text -> the one line that refuses it.
TAB = "a tab cannot indent YAML; use spaces"
REFUSED = {
    "\ta: 1\n": f"1:1: {TAB}",
    "a:\n\tb: 1\n": f"2:1: {TAB}",
    "a:\n  \tb: 1\n": f"2:3: {TAB}",
    "a:\n  b: 1\n\tc: 2\n": f"3:1: {TAB}",
    "a: |\n \tx\nb: 1\n": f"2:2: {TAB}",
    "a: 1\n\t\nb: 2\n": f"2:1: {TAB}",
    "a:\n  - b\n  -\tc\n": "3:4: a tab cannot stand here; use a space",
    "{ ?foo: bar }\n": "1:3: a text cannot begin with ? here; put it in quotes",
    "a: [?x]\n": "1:5: a text cannot begin with ? here; put it in quotes",
    "{?a: 1,?b: 2}\n": "1:2: a text cannot begin with ? here; put it in quotes",
    'a: "b"# c\n': "1:7: a comment needs a space before its #; write one, or put the text in quotes",
    "a: [b,# c\n  d]\n": "1:7: a comment needs a space before its #; write one, or put the text in quotes",
    "a: ># b\n  c\n": "1:5: a comment needs a space before its #; write one, or put the text in quotes",
    ": a\n": "1:1: a name is missing before this colon; write a field as name: value",
    "a: {b\n: c}\n": "2:1: a colon must be in the line of its name; move it there",
    "a: {b:, c: 1}\n": "1:6: a space is missing after this colon; put a text that holds it in quotes",
    "a: {b: :c}\n": "1:8: a value is expected here; put a text that begins with this character in quotes",
    "a: 1\n...\nb: 2\n": "3:1: a second document begins here; write one scene a file",
    "a: 1\n---\nb: 2\n": "2:1: a second document begins here; write one scene a file",
    "a: 1\n=======\n": "2:1: a merge conflict is not resolved; keep one side and remove the lines with <<<<<<<, "
    "======= and >>>>>>>",
    "a: b\u0085c: d\n": "1:5: a control character; remove it",
    "a: b\n\ufeffc: d\n": "2:1: an invisible byte order mark begins this line; remove it",
    "a: b\r\rc: \x01\r": "3:4: a control character; remove it",
    "a: b\r%c\r": "2:1: a line that begins with % is a YAML directive; remove the line",
    "? [a]\n: b\n": "1:3: the name of a field must be plain text; put it in quotes if it begins with [ { or *",
    "a: &b c\n": "1:4: anchors (&b) are not used in scene files; write the value out where it is used, or put what "
    "elements share under defaults",
    "a: !!str 3\n": "1:4: tags (!!str) are not used in scene files; remove it",
}


def read(text: str) -> Document:
    return parse_document("a.yaml", text_of("a.yaml", text.encode()))


@pytest.mark.parametrize("text", READ)
def test_an_odd_document_says_what_yaml_1_2_says(text: str) -> None:
    document = read(text)
    assert document.data == READ[text]
    assert not document.problems


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_read_as_it_looks_is_refused_in_a_line(text: str) -> None:
    with pytest.raises(SceneError) as caught:
        read(text)
    assert str(caught.value).splitlines()[0] == f"a.yaml:{REFUSED[text]}"


BLOCKS = [text for text in READ if not text.startswith(("{", "---")) and text.endswith(("\n", "\r"))]


@pytest.mark.parametrize("text", BLOCKS)
def test_an_edit_beside_an_odd_document_changes_nothing_of_it(text: str) -> None:
    newline = "\r\n" if "\r\n" in text else text[-1]
    whole = text + f"elements:{newline}  rain:\t# louder?{newline}    prompt: rain{newline}"
    after = edited("a.yaml", whole.encode(), ("elements", "rain", "take"), 3).decode()
    assert after == whole + f"    take: 3{newline}"
    assert read(after).data == READ[text] | {"elements": {"rain": {"prompt": "rain", "take": 3}}}


@pytest.mark.parametrize("text", [*READ, *REFUSED])
def test_the_parser_without_libyaml_reads_the_same_or_refuses(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with_libyaml = answer(text)
    monkeypatch.delattr(yaml, "CSafeLoader")
    without = answer(text)
    if isinstance(with_libyaml, dict) and isinstance(without, dict):
        assert with_libyaml == without


def answer(text: str) -> dict[str, Any] | str:
    try:
        return read(text).data
    except SceneError as error:
        return str(error)


@pytest.mark.parametrize("value", ["rain", "it's", "雨 🌧", "a # b", "a: b", "?a", "tab\there"])
def test_the_parser_counts_characters_where_an_edit_needs_them(value: str) -> None:
    text = f'name: "🌧 é"\nelements:\n  a: {{prompt: {yaml.dump(value, default_style=chr(34)).strip()}, take: 1}}\n'
    after = edited("a.yaml", text.encode(), ("elements", "a", "take"), 22).decode()
    assert after == text.replace("take: 1", "take: 22")


def test_a_tab_before_a_comment_is_no_obstacle_to_a_pick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("scenebuild.toml").touch()
    Path("scenes").mkdir()
    text = "name: x\nelements:\n  rain:\t# louder?\n    prompt: steady rain\n    duration: 1\n    volume: 0.7\n"
    Path("scenes/x.yaml").write_text(text)
    assert run(["pick", "rain", "2", "scenes/x.yaml"]) == 0
    assert Path("scenes/x.yaml").read_text() == text + "    take: 2\n"
    assert capsys.readouterr().err == ""


def test_an_edit_of_what_is_no_text_is_refused() -> None:
    """The file may have been replaced since it was read."""
    for content in (b"\xff\xfe\x00", b"name: \x00", b"", b"a: [", b"\t", b"- a\n"):
        with pytest.raises(SceneError):
            edited("a.yaml", content, ("elements", "rain", "take"), 3)


@pytest.mark.parametrize(
    "text",
    [
        "elements:\n  rain: {prompt: a}\n  rain: b\n",
        "elements:\n  rain: {prompt: a}\n  rain:\n",
        "elements: {rain: {prompt: a}}\nelements: [rain]\n",
        "elements: {rain: {prompt: a}, rain: {prompt: b}}\n",
    ],
)
def test_what_stands_twice_is_not_edited(text: str) -> None:
    with pytest.raises(SceneError):
        edited("a.yaml", text.encode(), ("elements", "rain", "take"), 3)


@pytest.mark.parametrize("text", ["{a: [b], [c, d]: 1, 5f}\n", "{[a]: b, c, d}\n", "{a: {b: c}, d, ? {e: f} : g, h}\n"])
def test_a_name_that_is_a_list_is_refused_in_a_line(text: str) -> None:
    with pytest.raises(SceneError):
        read(text)


class Counted(str):
    """A text that counts how many characters are looked through for its lines."""

    seen = 0

    def rfind(self, *arguments: Any) -> int:
        found = str.rfind(self, *arguments)
        Counted.seen += arguments[2] - max(found, arguments[1])
        return found


@pytest.mark.parametrize("line", ["# a#b\n", "#a#\r\n", "- 'a'# b\n", "- [a,# b\n  c]\n", "- a#b\n"])
def test_looking_for_loose_comments_takes_linear_time(line: str) -> None:
    from scenebuild.scene.yaml.strict import StrictEvents

    def looked_through(count: int) -> int:
        Counted.seen = 0
        text = Counted(line * count + "- x\n")
        list(StrictEvents(yaml.parse(str(text), Loader=yaml.SafeLoader), text))
        return Counted.seen

    assert looked_through(200) <= 2.2 * looked_through(100)


def test_comments_that_silence_a_rule_are_read_in_linear_time() -> None:
    from scenebuild.scene.lint.comments import read_comments

    def calls(count: int) -> int:
        text = "".join(f"a{index}: b # scenebuild: ignore=prompt-music\n" for index in range(count))
        made = 0

        def counted(_: object, event: str, __: object) -> None:
            nonlocal made
            made += event in ("call", "c_call")

        read_comments("a.yaml", text)
        sys.setprofile(counted)
        found = read_comments("a.yaml", text)
        sys.setprofile(None)
        assert len(found.named) == count
        return made

    assert calls(200) <= 2.2 * calls(100)
