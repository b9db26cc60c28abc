"""The GPU's part, as far as a CPU can hold it: graphs, which device is chosen and why, several of them, memory."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the AudioGen set is not installed: make audiogen")

from audiocraft_fixtures import AUDIOGEN, write_checkpoint  # noqa: E402
from gpu_stand_in import EmptyGraph, FreedMemoryError, Graph, graphs_on_the_cpu  # noqa: E402
from scenebuild.engines.audiocraft import capture  # noqa: E402
from scenebuild.engines.audiocraft.checkpoint import LANGUAGE_MODEL, open_checkpoint  # noqa: E402
from scenebuild.engines.audiocraft.decoder import Decoder  # noqa: E402
from scenebuild.engines.audiocraft.language import load_language_model  # noqa: E402
from scenebuild.engines.audiocraft.torch_backend import TorchBackend  # noqa: E402

CPU = torch.device("cpu")
STEPS = 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("gpu"), AUDIOGEN)


def numbers(*shape: int, seed: int) -> Any:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def decoder_in(folder: Path, *, static: bool) -> Decoder:
    backend = TorchBackend(CPU, "fp32")
    backend.static = static
    return Decoder(load_language_model(open_checkpoint(str(folder), LANGUAGE_MODEL), backend), backend)


def logits(decoder: Decoder, slots: int = 3, longer: int = 0) -> Any:
    """Of some steps of that many takes, of which the last begins two steps later.

    ``longer``: the decoder is asked for a state of so many steps in between, as for the next takes.
    """
    state = decoder.allocate(slots, STEPS, 4)
    codes = torch.randint(0, 320, (slots, 4, STEPS), generator=torch.Generator().manual_seed(6))
    found = []
    for step in range(STEPS):
        if step in (0, 2):
            for slot in range(slots - 1) if step == 0 else [slots - 1]:
                decoder.assign(state, slot, numbers(4, 64, seed=slot))
        if step == 3 and longer:
            decoder.allocate(1, longer, 4)
        gc.collect()
        occupied = list(range(slots if step >= 2 else slots - 1))
        found.append(torch.stack(decoder.decode_step(state, occupied, codes[occupied, :, step])))
    return torch.cat([one.flatten() for one in found])


# Graphs


@pytest.mark.parametrize("longer", [0, 4 * STEPS])
def test_a_captured_step_gives_what_the_plain_one_does(
    folder: Path, monkeypatch: pytest.MonkeyPatch, longer: int
) -> None:
    """All that it reads lives as long as it does, also when the table of positions is made anew for longer takes."""
    wanted = logits(decoder_in(folder, static=True), longer=longer)
    graphs = graphs_on_the_cpu(monkeypatch)
    decoder = decoder_in(folder, static=True)
    found = logits(decoder, longer=longer)
    assert torch.equal(found, wanted)
    assert [graph.replays for graph in graphs] == [1 + STEPS]  # once to compare it with the plain step
    assert not decoder.notes


def test_the_stand_in_says_that_memory_was_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a real graph, it keeps what is allocated while it is captured, and not what its function refers to."""
    graphs_on_the_cpu(monkeypatch)
    outside = [torch.arange(3.0)]
    graph = capture.Captured(lambda x: ((x * 2 + outside[0]).relu(),), [torch.ones(3)])
    assert graph(torch.tensor([0.0, 1.0, -3.0]))[0].tolist() == [0.0, 3.0, 0.0]
    outside[0] = torch.arange(3.0)
    with pytest.raises(FreedMemoryError):
        graph(torch.ones(3))


def test_a_graph_that_captured_nothing_is_not_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = logits(decoder_in(folder, static=True))
    graphs = graphs_on_the_cpu(monkeypatch, EmptyGraph)
    decoder = decoder_in(folder, static=True)
    assert torch.equal(logits(decoder), wanted)
    assert [graph.replays for graph in graphs] == [1]
    assert len(decoder.notes) == 1
    assert "other results" in decoder.notes[0]


def test_what_cannot_be_captured_runs_as_it_is_and_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing(Graph):
        def record(self, *_: Any) -> None:
            raise RuntimeError("operation not permitted when stream is capturing\nCUDA kernel errors might be")

    wanted = logits(decoder_in(folder, static=True))
    graphs_on_the_cpu(monkeypatch, Refusing)
    decoder = decoder_in(folder, static=True)
    assert torch.equal(logits(decoder), wanted)
    assert decoder.notes == [
        "steps run as single operations on cpu, several times slower than as one CUDA graph: "
        "operation not permitted when stream is capturing"
    ]


@pytest.mark.parametrize("hidden", [False, True])
def test_memory_that_runs_out_in_a_capture_is_said_as_that(monkeypatch: pytest.MonkeyPatch, hidden: bool) -> None:
    """Also where the end of the capture raises another error over it."""

    def refuse(*_: Any) -> Any:
        try:
            raise torch.OutOfMemoryError("CUDA out of memory")
        except torch.OutOfMemoryError:
            if hidden:
                raise RuntimeError("operation failed due to a previous error during capture")  # noqa: B904
            raise

    graphs_on_the_cpu(monkeypatch)
    monkeypatch.setattr(capture, "Captured", refuse)
    with pytest.raises(torch.OutOfMemoryError):
        capture.captured(lambda x: (x,), [torch.zeros(1)], [torch.ones(1)], print)
