"""Odd but well-formed scenes for the mixer, drawn by Hypothesis; and takes that cancel, are silent or nearly silent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from scenebuild.audio.wav import write_wav
from scenebuild.engines import engine
from scenebuild.generate.take import Take, measure_take

SOUNDS = ("noise", "inverse", "loud", "silent", "tiny", "stereo")
NAMES = ("a", "b", "c", "defaults")
TIMES = (0, 0.01, 0.1, 0.25, 0.5)


def write_sounds(folder: Path) -> dict[str, tuple[Take]]:
    """The takes, by name."""
    noise = np.random.default_rng(1).normal(0, 0.2, (8000, 1)).clip(-0.99, 0.99).astype(np.float32)
    sounds = {
        "noise": noise, "inverse": -noise, "loud": np.sign(noise) * np.float32(0.999), "silent": noise * 0,
        "tiny": noise[:1], "stereo": np.hstack([noise, -noise]),
    }  # fmt: skip
    for name, samples in sounds.items():
        write_wav(folder / f"{name}.wav", samples, 16000)
    facts = engine("file").facts
    return {name: (measure_take("0" * 64, str(folder / f"{name}.wav"), "0" * 64, facts),) for name in sounds}


def _moving(values: tuple[float, ...]) -> st.SearchStrategy[Any]:
    frames = st.lists(
        st.fixed_dictionaries(
            {"at": st.sampled_from(TIMES), "value": st.sampled_from(values)},
            optional={"curve": st.sampled_from(["linear", "exp", "s", "hold"])},
        ),
        min_size=1,
        max_size=3,
    )
    return st.sampled_from(values) | frames.map(_in_order)


def _in_order(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{one["at"]: one for one in frames}[at] for at in sorted({one["at"] for one in frames})]


_HZ = st.sampled_from([20, 300, 7999, 20000])
_DB = st.sampled_from([-24, 0, 24])
_EFFECT = st.one_of(
    st.fixed_dictionaries({"high_pass": _HZ}),
    st.fixed_dictionaries({"low_pass": _HZ}),
    st.fixed_dictionaries({"low_shelf": st.fixed_dictionaries({"hz": _HZ, "gain_db": _DB})}),
    st.fixed_dictionaries({"high_shelf": st.fixed_dictionaries({"hz": _HZ, "gain_db": _DB})}),
    st.fixed_dictionaries(
        {"peak": st.fixed_dictionaries({"hz": _HZ, "gain_db": _DB}, optional={"q": st.sampled_from([0.1, 20])})}
    ),
    st.fixed_dictionaries(
        {
            "reverb": st.fixed_dictionaries(
                {}, optional={"decay": st.just(0.1), "wet": st.sampled_from([0, 1]), "size": st.sampled_from([1, 200])}
            )
        }
    ),
    st.fixed_dictionaries(
        {"convolve": st.fixed_dictionaries({"file": st.sampled_from(["tiny.wav", "silent.wav", "stereo.wav"])})}
    ),
    st.fixed_dictionaries(
        {
            "compress": st.fixed_dictionaries(
                {},
                optional={
                    "threshold": st.sampled_from([-80, 0]),
                    "ratio": st.sampled_from([1, 50]),
                    "attack": st.just(0),
                    "release": st.just(0),
                    "knee": st.sampled_from([0, 24]),
                    "makeup": st.sampled_from([0, 24]),
                },
            )
        }
    ),
)
_FADER = st.sampled_from([0, 1, 16])
_DUCK = st.fixed_dictionaries(
    {"under": st.sampled_from(NAMES) | st.lists(st.sampled_from(NAMES), min_size=1, max_size=2)},
    optional={"by": st.sampled_from([0, 60]), "attack": st.just(0), "hold": st.just(0), "release": st.just(0)},
)
_STRIP: dict[str, st.SearchStrategy[Any]] = {
    "volume": _moving((0, 1, 16)) | _FADER, "high_pass": _moving((20, 20000)), "low_pass": _moving((20, 20000)),
    "effects": st.lists(_EFFECT, min_size=1, max_size=3), "distance": st.sampled_from([0.25, 1, 1000]), "duck": _DUCK,
}  # fmt: skip


def _sometimes(fields: dict[str, st.SearchStrategy[Any]], most: int) -> st.SearchStrategy[dict[str, Any]]:
    """Some of the fields; with all of them at once nothing would be valid."""
    names = st.lists(st.sampled_from(sorted(fields)), max_size=most, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: fields[name] for name in chosen}))


_ELEMENT = st.builds(
    lambda file, fields: {"file": f"{file}.wav", **fields},
    st.sampled_from(SOUNDS),
    _sometimes(
        {
            **_STRIP,
            "bus": st.sampled_from(["x", "y", "a"]),
            "mute": st.booleans(),
            "loop": st.booleans() | st.just({"seam": "best"}) | st.just({"crossfade": 0}),
            "start": st.sampled_from(TIMES) | st.just([0, 0.2]) | st.just([0.2, 0]) | st.just([0.1, 0.1]),
            "repeat": st.fixed_dictionaries({"every": st.sampled_from([0.01, 0.3])}, optional={"count": st.just(1)}),
            "trim": st.sampled_from([{"from": 0.1}, {"to": 0.001}, {"from": 0.2, "to": 0.201}]),
            "reverse": st.booleans(),
            "speed": st.sampled_from([0.25, 4]),
            "pan": _moving((-1, 0, 1)),
            "fade_in": st.sampled_from([0.001, 0.2]),
            "fade_out": st.sampled_from([0.001, 0.2]),
            "normalize": st.sampled_from(["none", "peak", "loudness"]),
        },
        5,
    ),
)
_MIX = st.fixed_dictionaries(
    {"sample_rate": st.sampled_from([8000, 22050, 48000])},
    optional={
        "duration": st.sampled_from([0.01, 0.3, 0.6]),
        "channels": st.sampled_from([1, 2]),
        "loop": st.booleans(),
        "loudness": st.sampled_from([-70, -20, -5]),
        "true_peak": st.sampled_from([-20, 0]),
    },
)
SCENES = st.builds(
    lambda elements, buses, mix: (
        {"name": "Odd", "elements": elements, "mix": mix} | ({"buses": buses} if buses else {})
    ),
    st.dictionaries(st.sampled_from(NAMES), _ELEMENT, min_size=1, max_size=3),
    st.dictionaries(st.sampled_from(["x", "y", "a"]), _sometimes(_STRIP, 3), max_size=2),
    _MIX,
)
