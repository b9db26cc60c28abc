"""Reading as plain data: YAML 1.2 core, and the place of everything."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scenebuild.errors import Place, SceneError
from scenebuild.scene.yaml.document import Document, read_document
from scenebuild.scene.yaml.scalars import plain

# YAML 1.2.2, section 10.3.2, and the words that YAML 1.1 took for something else
CORE: dict[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None, "nUll": "nUll",
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False, "tRue": "tRue",
    "yes": "yes", "no": "no", "on": "on", "off": "off", "y": "y", "n": "n", "Yes": "Yes", "OFF": "OFF",
    "1:30": "1:30", "2024-01-01": "2024-01-01", "1_000": "1_000", "0b11": "0b11", "1,5": "1,5", "=": "=", "<": "<",
    "0": 0, "12": 12, "+12": 12, "-12": -12, "012": 12, "0o14": 12, "0x1F": 31, "-0x1F": "-0x1F", "0o8": "0o8",
    "1.5": 1.5, ".5": 0.5, "5.": 5.0, "-.5": -0.5, "1e3": 1000.0, "1E-3": 0.001, "1.5e+3": 1500.0, "+1.0": 1.0,
    ".": ".", "+": "+", "-": "-", "e3": "e3", "1e": "1e", "1.2.3": "1.2.3", "0x": "0x", "..5": "..5", "٣": "٣",
    ".inf": math.inf, "-.INF": -math.inf, "+.Inf": math.inf, "inf": "inf", "nan": "nan",
    "9" * 400: math.inf, "-" + "9" * 400: -math.inf, "0x" + "f" * 400: math.inf,
}  # fmt: skip


def read(tmp_path: Path, text: str) -> Document:
    path = tmp_path / "scene.yaml"
    path.write_text(text, encoding="utf-8")
    return read_document(str(path))


@pytest.mark.parametrize("text", CORE)
def test_plain_scalars_mean_what_yaml_1_2_says(text: str) -> None:
    value = plain(text)
    assert value == CORE[text]
    assert type(value) is type(CORE[text])


def test_infinite_and_nan_numbers_are_left_to_validation() -> None:
    assert all(math.isnan(float(str(plain(text)))) for text in (".nan", ".NaN", ".NAN"))


def test_quotes_and_blocks_always_hold_text(tmp_path: Path) -> None:
    document = read(tmp_path, "a: '3'\nb: \"true\"\nc: |\n  3\nd: >-\n  null\ne: ''\n")
    assert document.data == {"a": "3", "b": "true", "c": "3\n", "d": "null", "e": ""}


def test_keys_are_always_text(tmp_path: Path) -> None:
    document = read(tmp_path, "808: a\nno: b\ntrue: c\n1.50: d\n~: e\n'<<': f\n")
    assert document.data == {"808": "a", "no": "b", "true": "c", "1.50": "d", "~": "e", "<<": "f"}


def test_every_key_and_value_has_its_place(tmp_path: Path) -> None:
    document = read(
        tmp_path, "name: é\nelements:\n  rain: {prompt: a, start: [1, 2]}\n  wind:\n    prompt: >\n      b\n"
    )
    file = document.path
    assert document.keys == {
        ("name",): Place(file, 1, 1),
        ("elements",): Place(file, 2, 1),
        ("elements", "rain"): Place(file, 3, 3),
        ("elements", "rain", "prompt"): Place(file, 3, 10),
        ("elements", "rain", "start"): Place(file, 3, 21),
        ("elements", "wind"): Place(file, 4, 3),
        ("elements", "wind", "prompt"): Place(file, 5, 5),
    }
    assert document.values == {
        (): Place(file, 1, 1),
        ("name",): Place(file, 1, 7),
        ("elements",): Place(file, 3, 3),
        ("elements", "rain"): Place(file, 3, 9),
        ("elements", "rain", "prompt"): Place(file, 3, 18),
        ("elements", "rain", "start"): Place(file, 3, 28),
        ("elements", "rain", "start", "0"): Place(file, 3, 29),
        ("elements", "rain", "start", "1"): Place(file, 3, 32),
        ("elements", "wind"): Place(file, 5, 5),
        ("elements", "wind", "prompt"): Place(file, 5, 13),
    }


def test_a_field_that_is_not_written_has_the_place_of_its_parent(tmp_path: Path) -> None:
    document = read(tmp_path, "# a comment\nname: a\nelements:\n  rain: {prompt: a}\n")
    assert document.value(("elements", "rain", "volume")) == Place(document.path, 4, 3)
    assert document.key(("mix", "duration")) == Place(document.path, 2, 1)


def test_line_ends_of_all_systems_give_the_same_places(tmp_path: Path) -> None:
    for end in ("\n", "\r\n"):
        path = tmp_path / "scene.yaml"
        path.write_bytes(f"name: a{end}{end}mix: {{}}{end}".encode())
        assert read_document(str(path)).keys[("mix",)].line == 3


def test_a_scene_of_the_largest_size_is_read(tmp_path: Path) -> None:
    field = "    top_k: 1\n    top_p: 1\n    seed: 1\n    take: 1\n    start: 1\n    pan: 0\n"
    elements = "".join(f"  e{index}:\n    prompt: a\n{field}" for index in range(2000))
    assert len(read(tmp_path, f"name: a\nelements:\n{elements}").data["elements"]) == 2000


def test_too_many_values_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="more than 50000 values in one file; split the scene into several"):
        read(tmp_path, "x-list: [" + "1," * 50_001 + "]")


def test_the_parser_without_libyaml_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    text = "name: no\nelements:\n  rain: {prompt: 'a', start: 0x1F}\n  wind: {prompt: \"b\", loop: true}\n"
    with_libyaml = read(tmp_path, text)
    monkeypatch.delattr(yaml, "CSafeLoader")
    assert read(tmp_path, text) == with_libyaml


def test_importing_the_room_is_cheap() -> None:
    code = (
        "import sys, scenebuild.scene.read, scenebuild.scene.project, scenebuild.scene.check.findings\n"
        "heavy = {'yaml', 'jsonschema', 'numpy', 'torch', 'soundfile', 'json', 'difflib', 'unicodedata'}\n"
        "raise SystemExit(str(sorted(heavy & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", _with_path(code)], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "[]"


def _with_path(code: str) -> str:
    import scenebuild

    source = Path(scenebuild.__file__).parent.parent
    return f"import sys; sys.path.insert(0, {str(source)!r})\n{code}"
