"""Every recipe and every variant has the acoustic signature of the real thing, by at least three measures."""

from __future__ import annotations

import pytest

from scenebuild.engines.sketch.catalogue import KINDS
from scenebuild.engines.sketch.prompt import read
from sketch_measures import played
from sketch_signatures import SIGNATURES

NAMES = [name for kind in KINDS for name in (kind.name, *(f"{kind.name}/{f}" for f in {**kind.own, **kind.facets}))]


def test_every_recipe_and_variant_has_three_measures_and_a_source() -> None:
    assert sorted(SIGNATURES) == sorted(NAMES)
    for name, signature in SIGNATURES.items():
        assert len(signature.measures) >= 3, name
        assert len({(measure.name, measure.low) for measure in signature.measures}) >= 3, name
        assert signature.source, name


@pytest.mark.parametrize("name", SIGNATURES)
def test_the_prompt_of_a_signature_names_its_kind(name: str) -> None:
    kind, _, facet = name.partition("/")
    (layer,) = read(SIGNATURES[name].prompt).layers
    assert layer.kind == kind
    assert not facet or facet in layer.traits.facets


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_sketch_has_its_measured_signature(name: str) -> None:
    signature = SIGNATURES[name]
    for seed in (7, 8):
        sound = played(signature.prompt, 6.0, seed)
        found = {m.name: (round(m.of(sound), 2), m.low, m.high) for m in signature.measures}
        assert {k: v for k, v in found.items() if not v[1] < v[0] < v[2]} == {}, f"seed {seed}"


def test_other_sounds_fail_the_signature() -> None:
    names, passed = list(SIGNATURES), 0
    for number, name in enumerate(names):
        other = names[(number + 61) % len(names)]
        assert other.partition("/")[0] != name.partition("/")[0]
        sound = played(SIGNATURES[other].prompt, 6.0, 7)
        passed += all(m.low < m.of(sound) < m.high for m in SIGNATURES[name].measures)
    assert passed < 0.12 * len(names)
