"""The rules for prompts, measured on labelled prompts of our own."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from scenebuild.scene.lint.check import broken_rules
from scenebuild.scene.lint.rulebook import LINT_RULES
from scenebuild.scene.lint.sources import sources_in
from scenebuild.scene.lint.words import phrases, plain, without

DATA = Path(__file__).parent / "data"


def labelled(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DATA / name).read_text(encoding="utf-8"))
    return found


TUNED, HELD_OUT = labelled("prompts.yaml"), labelled("prompts_heldout.yaml")


def broken(prompt: str, engine: str = "audiogen") -> list[str]:
    return sorted(rule for rule, _ in broken_rules(prompt, engine))


def false_alarms(good: list[str], engine: str = "audiogen") -> dict[str, list[str]]:
    return {prompt: rules for prompt in good if (rules := broken(prompt, engine))}


def test_the_list_is_large_and_names_every_rule_often() -> None:
    assert len(TUNED["good"]) >= 120
    assert len(TUNED["bad"]) >= 120
    counts = Counter(rule for one in TUNED["bad"] for rule in one["rules"])
    assert set(counts) == {rule for rule in LINT_RULES if rule.startswith("prompt-")} - {"prompt-not-music"}
    assert min(counts.values()) >= 10
    prompts = TUNED["good"] + [one["prompt"] for one in TUNED["bad"]]
    assert len(prompts) == len(set(prompts))


@pytest.mark.parametrize("one", TUNED["bad"], ids=lambda one: one["prompt"])
def test_what_a_rule_names_is_never_missed(one: dict[str, Any]) -> None:
    assert broken(one["prompt"]) == sorted(one["rules"])


def test_good_prompts_are_left_alone() -> None:
    assert false_alarms(TUNED["good"]) == {}


def test_on_prompts_that_no_list_was_made_for() -> None:
    """What a list of words can do with what it has not seen: hardly a false alarm, and not everything found."""
    wrong = false_alarms(HELD_OUT["good"])
    missed = [one["prompt"] for one in HELD_OUT["bad"] if not set(one["rules"]) <= set(broken(one["prompt"]))]
    assert len(wrong) < 0.05 * len(HELD_OUT["good"]), wrong
    assert len(missed) <= 0.1 * len(HELD_OUT["bad"]), missed


def test_the_held_out_prompts_are_none_of_the_tuned_ones() -> None:
    tuned = {*TUNED["good"], *(one["prompt"] for one in TUNED["bad"])}
    assert not tuned & {*HELD_OUT["good"], *(one["prompt"] for one in HELD_OUT["bad"])}


def test_musicgen_has_the_opposite_rule_for_music() -> None:
    assert not false_alarms(TUNED["musicgen"]["good"], "musicgen")
    for one in TUNED["musicgen"]["bad"]:
        assert broken(one["prompt"], "musicgen") == one["rules"], one


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        (
            "slow piano",
            "'piano' is music, and AudioGen makes sounds, not music;"
            " write engine: musicgen, and give music an element of its own",
        ),
        (
            "le vent dans les arbres",
            "'dans' is not English, and the models were trained on English; describe the sound in English",
        ),
        (
            "rain, thunder, wind, birds, dogs, a bus",
            "6 sounds ('rain, thunder, wind, birds, dogs' …) are asked for at once, and a model blurs more than three"
            " sounds; write an element for each, with its own volume, pan and start",
        ),
        (
            "\u202e…",
            r"'\u202e…' names no sound, so the result is arbitrary;"
            " write what sounds, where and how",
        ),
    ],
)  # fmt: skip
def test_a_sentence_says_what_why_and_what_to_write(prompt: str, sentence: str) -> None:
    assert [said for _, said in broken_rules(prompt, "audiogen")] == [sentence]


def test_another_language_and_nothing_at_all_are_said_alone() -> None:
    assert broken("ein Mann singt: jazz, Klavier, Geige, Regen und Hund") == ["prompt-language"]
    assert broken("...") == ["prompt-empty"]


@pytest.mark.parametrize(
    ("prompt", "sources"),
    [
        ("steady rain on a window", 1),
        ("an old, rusty, heavy iron door", 1),
        ("a dog barks and growls", 1),
        ("an engine starts, revs and stops", 1),
        ("rain on a window, thunder, wind", 3),
        ("footsteps on gravel, leaves and twigs", 1),
        ("footsteps in a corridor, a door, keys, an alarm", 4),
        ("crackling, hissing, popping fire", 1),
        ("", 0),
    ],
)
def test_sources_are_counted_by_clauses_that_name_one(prompt: str, sources: int) -> None:
    assert len(sources_in(prompt)) == sources


def test_phrases_are_whole_words_over_any_line_break_of_a_list() -> None:
    pattern = phrases("bands?,\n(?:big\n|small) ones")
    assert [found.group() for found in pattern.finditer("a band, husband, big ones small ones bands")] == [
        "band",
        "big ones",
        "small ones",
        "bands",
    ]
    assert plain("Lo-fi  hip‑hop, the cat’s “purr”_x!") == "lo fi hip hop the cat's purr x"
    assert without("music box", "a music box waltz") == "a | waltz"


def test_the_manual_has_every_rule_and_its_examples_are_true(root: Path) -> None:
    page = (root / "docs" / "prompts.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### `([a-z-]+)`\n(.*?)(?=^###|\Z)", page, re.MULTILINE | re.DOTALL))
    assert list(sections) == list(LINT_RULES)
    rows = 0
    for rule, text in sections.items():
        for instead, write in re.findall(r"^\| `(.*?)` \| (.*) \|$", text, re.MULTILINE):
            rows += 1
            assert rule in broken(instead), instead
            for better in re.findall(r"`([^`:]+)`", write):
                assert broken(better) == [], better
    assert rows >= 12


def test_a_prompt_without_end_costs_no_more_than_its_beginning() -> None:
    assert broken("rain " * 100 + "piano") == []
    assert broken("piano " + "rain " * 100) == ["prompt-music"]
