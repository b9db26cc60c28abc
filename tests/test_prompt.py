"""``scenebuild prompt`` puts the parts of a prompt together and, if asked, into a scene."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenebuild.cli import run
from scenebuild.scene.names import NAME
from scenebuild.scene.phrase import PromptParts, name_for, prompt_of
from scenebuild.scene.read import read_scene

SCENE = "name: Yard\nelements:\n  rain: {prompt: rain}  # the bed\n\n# how loud\nmix: {duration: 9}\n"


@pytest.mark.parametrize(
    ("wish", "prompt"),
    [
        (PromptParts("rain"), "rain"),
        (
            PromptParts("a dog barking", "behind a fence", "large", "closer"),
            "a large dog barking behind a fence, closer",
        ),
        (PromptParts("a door", quality="old"), "an old door"),
        (PromptParts("an owl", quality="large"), "a large owl"),
        (PromptParts("The sea", quality="calm"), "The calm sea"),
        (PromptParts("  two   dogs ", "in a\nyard"), "two dogs in a yard"),
    ],
)
def test_the_parts_become_one_description(wish: PromptParts, prompt: str) -> None:
    assert prompt_of(wish) == prompt


@given(st.text(min_size=1, max_size=60), st.sets(st.sampled_from(["rain", "rain_2", "sound1"])))
def test_a_name_is_always_one_that_a_scene_takes(source: str, taken: set[str]) -> None:
    name = name_for(source, taken)
    assert NAME.match(name) or not source.strip()
    assert name not in taken


def test_it_prints_an_element(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["prompt", "--source", "a dog barking", "--where", "behind a fence", "--duration", "4", "--loop"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "dog_barking:\n  prompt: a dog barking behind a fence\n  duration: 4\n  loop: true\n"
    assert captured.err == ""
    assert run(["prompt", "--source", "soft piano music"]) == 0
    assert capsys.readouterr().err == (
        "warning: 'piano' is music, and AudioGen makes sounds, not music; write engine: musicgen, and give music an "
        "element of its own (prompt-music)\n"
    )


def test_it_adds_an_element_and_leaves_the_rest(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("scenes/yard.yaml").write_text(SCENE)
    assert run(["prompt", "scenes/yard.yaml", "--source", "rain", "--where", "on a roof: tin"]) == 0
    assert capsys.readouterr().out == "scenes/yard.yaml:4: rain_2: rain on a roof: tin\n"
    assert Path("scenes/yard.yaml").read_text() == SCENE.replace(
        "# the bed\n", '# the bed\n  rain_2:\n    prompt: "rain on a roof: tin"\n'
    )
    assert [element.prompt for element in read_scene("scenes/yard.yaml").elements] == ["rain", "rain on a roof: tin"]


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ([], "--source: say what sounds, such as --source 'a dog barking' --where 'behind a fence'"),
        (["--source", " "], "--source: say what sounds, such as --source 'a dog barking' --where 'behind a fence'"),
        (["--source", "x", "--name", "rain"], "--name rain: scenes/yard.yaml has such an element; choose another name"),
        (["--source", "x", "--duration", "0"], "duration: 0 is less than 0.01; write 0.01 to 600 (seconds)"),
        (["--source", "x", "--name", "A B"], "'A B' cannot name an element: names are made of a-z, 0-9, _ and -,"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_written(
    project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], answer: str
) -> None:
    Path("scenes/yard.yaml").write_text(SCENE)
    assert run(["prompt", "scenes/yard.yaml", *arguments]) == 2
    assert capsys.readouterr().err.startswith(answer)
    assert Path("scenes/yard.yaml").read_text() == SCENE


def test_on_a_terminal_it_asks(project: Path) -> None:
    terminal, end = os.openpty()
    command = [str(Path(sys.executable).with_name("scenebuild")), "prompt"]
    with subprocess.Popen(command, stdin=end, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as asked:
        os.write(terminal, b"a dog barking\nbehind a fence\nlarge\n\n")
        out, _ = asked.communicate(timeout=60)
    os.close(terminal)
    os.close(end)
    assert out.endswith("dog_barking:\n  prompt: a large dog barking behind a fence\n")
    assert "What sounds?" in out
