"""Files made to cost time or memory: each is read in a child with 1 GiB and 10 s of CPU, and refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.linux("other systems do not hold a process to RLIMIT_AS")
MIB = 1 << 20

# One child reads them all and says for each what it was told and how much CPU it took.
CHILD = """
import resource, sys, time
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
from scenebuild.errors import SceneError
from scenebuild.scene.read import read_scene
for path in sys.argv[1:]:
    spent = time.process_time()
    resource.setrlimit(resource.RLIMIT_CPU, (int(spent) + 10, resource.RLIM_INFINITY))
    try:
        read_scene(path)
        print("accepted", path)
    except SceneError as error:
        print(error.problems[0].rule, len(error.problems), max(len(str(problem)) for problem in error.problems))
"""


def filled(unit: str, before: str = "", after: str = "") -> str:
    """As many units as fit into the largest file."""
    room = MIB - len((before + after).encode())
    return before + unit * (room // len(unit.encode())) + after


def numbered(line: str, before: str = "") -> str:
    """Lines that all differ, up to the largest file."""
    lines, size = [before], len(before)
    while size < MIB - 100:
        lines.append(line.replace("#", str(len(lines))))
        size += len(lines[-1].encode())
    return "".join(lines)


LETTERS = "abcdefghij"
LAUGHS = "".join(
    f"{letter}: &{letter} [{', '.join([f'*{LETTERS[index - 1]}'] * 9)}]\n" if index else "a: &a [x]\n"
    for index, letter in enumerate(LETTERS)
)
MERGES = "a: &a {x: 1}\n" + "".join(
    f"{letter}: &{letter}\n" + f"  <<: [{', '.join([f'*{LETTERS[index]}'] * 9)}]\n"
    for index, letter in enumerate(LETTERS[1:])
)
HEAD = "name: a\nelements:\n"
BOMBS = {
    "laughs": (LAUGHS, "anchor"),
    "merges": (MERGES, "anchor"),
    "lists": (filled("["), "too-deep"),
    "maps": (filled("{a: "), "too-deep"),
    "dashes": (filled("- "), "too-deep"),
    "questions": (filled("? "), "too-deep"),
    "indented": ("\n".join(" " * depth + "a:" for depth in range(1400)), "too-deep"),
    "tag_directives": (numbered("%TAG !a#! b\n"), "directive"),
    "tags": (filled("- !a b\n"), "tag"),
    "anchors": (numbered("- &a# b\n"), "anchor"),
    "aliases": (filled("- *a\n"), "alias"),
    "items": (filled("1,", "[", "]"), "too-many-values"),
    "same_key": (filled("a: 1\n"), "duplicate-key"),
    "unknown_keys": (numbered("k#: 1\n"), "too-many-values"),
    "misspelt_fields": (numbered("  promt#: a\n", HEAD + " rain:\n")[: MIB // 2].rsplit("\n", 1)[0], "unknown-field"),
    "elements": (HEAD + "".join(f" e{n}: {{promt: a}}\n" for n in range(20_000)), "length"),
    "bad_elements": (HEAD + "".join(f" É{n}: {{engine: x{n}, promt: a, y: 1}}\n" for n in range(2000)), "name"),
    "key_maps": (filled("{}: 1\n"), "key-type"),
    "digits": (filled("9", HEAD + " a: {prompt: a, seed: ", "}"), "not-finite"),
    "hexadecimal": (filled("f", HEAD + " a: {prompt: a, seed: 0x", "}"), "not-finite"),
    "fraction": (filled("9", HEAD + " a: {prompt: a, pan: 1.", "}"), "range"),
    "long_prompt": (filled("a ", HEAD + " a: {prompt: ", "}"), "length"),
    "long_name": (filled("a", "elements: {a: {prompt: a}}\nname: "), "length"),
    "long_key": (filled("a", HEAD + " a: {prompt: a}\n? ", "\n: 1"), "unknown-field"),
    "long_path": (filled("../", HEAD + " a: {file: ", "}"), "length"),
    "accents": (filled("\u0300\u0316", HEAD + " a: {prompt: ", "}"), "length"),
    "folded": (filled("a\n ", "name: "), "missing"),
    "block": (filled(" \n", "name: |\n"), "missing"),
    "controls": (filled("\x01"), "control-character"),
    "escapes": (filled('"\\e",', "x-a: [", "]")[: MIB // 4].rsplit(",", 1)[0] + "]", "control-character"),
    "tabs": (filled("\tx\n"), "tab"),
    "spaces": (filled(" "), "empty"),
    "lines": (filled("\n"), "empty"),
    "comments": (filled("#\n"), "empty"),
    "conflicts": (filled("<<<<<<<\n", after=">>>>>>>\n"), "merge-conflict"),
    "documents": (filled("---\n"), "several-documents"),
    "unclosed": (filled("a\n", 'name: "'), "yaml-syntax"),
    "commas": (filled("a,", HEAD + " a: {prompt: x, ", "}"), "too-many-values"),
    "fewer_commas": (filled("a" * 30 + ",", HEAD + " a: {prompt: x, ", "}"), "comma"),
    "many_commas": (filled("{a: b, c, d},", "name: a\nx-a: [", "]"), "comma"),
    "loose_comments": (filled("- 'a'# b\n", "x-a:\n")[:400_000], "yaml-syntax"),
    "comment_of_signs": (filled("a#", "- a # ", "\n- ["), "yaml-syntax"),
    "comments_of_signs": (filled("# a#\n", after="["), "yaml-syntax"),
    "loose_keys": (filled("- {?a: 1}\n", "x-a:\n")[:150_000], "yaml-syntax"),
    "spaces_before_a_colon": (filled(" ", "a", ": b: c\n"), "yaml-syntax"),
    "spaces_before_a_word": (filled(" ", "a: b", "c: d\n"), "yaml-syntax"),
    "tabs_before_a_word": (filled("\t", "a: b\n", "c: d\n"), "tab"),
    "odd_spaces": (filled("\u00a0", HEAD + " a: {prompt: a, pan: 1", "}"), "type"),
    "long_word": (filled("a", HEAD + " a: {prompt: a, ", ":1}"), "comma"),
    "returns": (filled("\r", "a: b", "%"), "directive"),
    "values_of_a_matrix": (numbered("x#,", HEAD + " a: {prompt: a}\nmatrix: {w: [1,")[:300_000] + "]}", "matrix"),
    "over_a_mebibyte": ("a" * (MIB + 1), "too-large"),
    "long_extends": (filled("a/", "extends: ", "b.yaml"), "extends"),
    "matrix_row": (HEAD + f" a: {{prompt: a}}\nmatrix:\n  x: {list(range(49_000))}\n", "matrix"),
    "ducks": (HEAD + "".join(f" e{n}: {{prompt: a, duck: {{under: f{n}x}}}}\n" for n in range(2000)), "duck"),
    "duck_lists": (
        HEAD
        + "".join(
            f" e{n}: {{prompt: a, duck: {{under: [{', '.join(f'f{n}x{m}' for m in range(20))}]}}}}\n"
            for n in range(2000)
        ),
        "duck",
    ),
    "duck_circle": (
        HEAD + "".join(f" e{n}: {{prompt: a, duck: {{under: e{(n + 1) % 2000}}}}}\n" for n in range(2000)),
        "duck",
    ),
    "unknown_buses": (
        HEAD
        + "".join(f" e{n}: {{prompt: a, bus: c{n}}}\n" for n in range(2000))
        + "buses:\n"
        + "".join(f" b{n}: {{}}\n" for n in range(10_000)),
        "bus",
    ),
    "unknown_parameters": (
        HEAD
        + f" a: {{prompt: '{''.join(f'{{{{ p{n}x }}}}' for n in range(70_000))}'}}\nparams:\n"
        + "".join(f" q{n}: 1\n" for n in range(100)),
        "parameter",
    ),
}


def test_every_bomb_is_refused_within_its_limits(tmp_path: Path) -> None:
    paths = []
    for name, (text, _) in BOMBS.items():
        paths.append(tmp_path / f"{name}.yaml")
        paths[-1].write_text(text, encoding="utf-8", newline="")
    done = subprocess.run([sys.executable, "-c", CHILD, *paths], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0
    said = dict(zip(BOMBS, (line.split() for line in done.stdout.splitlines()), strict=True))
    assert {name: words[0] for name, words in said.items()} == {name: rule for name, (_, rule) in BOMBS.items()}
    for name, words in said.items():
        assert int(words[1]) <= 51, name
        assert int(words[2]) <= 700, name


def test_work_grows_with_the_file_and_not_faster() -> None:
    """Twice the elements are about twice the calls of Python: counted, not timed."""
    small, large = (_calls(count) for count in (400, 800))
    assert large / small < 2.2


def _calls(count: int) -> int:
    code = (
        "import sys, tempfile\n"
        "from scenebuild.scene.read import read_scene\n"
        "lines = (f' e{n}: {{prompt: a {n}, volume: 0.5, start: 1}}\\n' for n in range(%d))\n"
        "text = 'name: a\\nelements:\\n' + ''.join(lines)\n"
        "with tempfile.NamedTemporaryFile('w', suffix='.yaml') as file:\n"
        "    file.write(text); file.flush()\n"
        "    read_scene(file.name)\n"
        "    calls = 0\n"
        "    def count(frame, event, argument):\n"
        "        global calls\n"
        "        calls += event in ('call', 'c_call')\n"
        "    sys.setprofile(count)\n"
        "    read_scene(file.name)\n"
        "    sys.setprofile(None)\n"
        "print(calls)\n"
    )
    return int(subprocess.run([sys.executable, "-c", code % count], capture_output=True, check=True).stdout)
