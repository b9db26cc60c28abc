"""The GPU's part, as far as a CPU can hold it: graphs, which device is chosen and why, several of them, memory."""

from __future__ import annotations

import gc
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the AudioGen set is not installed: make audiogen")

import scenebuild.engines  # noqa: E402
from audiocraft_fixtures import AUDIOGEN, write_checkpoint  # noqa: E402
from engines_for_tests import SIDE_BY_SIDE, SideBySide  # noqa: E402
from gpu_stand_in import EmptyGraph, FreedMemoryError, Graph, graphs_on_the_cpu  # noqa: E402
from scenebuild.cli import doctor  # noqa: E402
from scenebuild.engines import Action, Note, Request  # noqa: E402
from scenebuild.engines.audiocraft import AUDIOGEN as AUDIOGEN_ENGINE  # noqa: E402
from scenebuild.engines.audiocraft.checkpoint import LANGUAGE_MODEL, open_checkpoint  # noqa: E402
from scenebuild.engines.audiocraft.compute import capture  # noqa: E402
from scenebuild.engines.audiocraft.compute.torch_backend import TorchBackend  # noqa: E402
from scenebuild.engines.audiocraft.decoder import Decoder  # noqa: E402
from scenebuild.engines.audiocraft.language import load_language_model  # noqa: E402
from scenebuild.engines.audiocraft.machine import device as device_module  # noqa: E402
from scenebuild.engines.audiocraft.machine import gpu  # noqa: E402
from scenebuild.engines.audiocraft.machine.device import ChosenDevice, choose_device  # noqa: E402
from scenebuild.engines.audiocraft.session import AudiocraftSession  # noqa: E402
from scenebuild.errors import EngineError  # noqa: E402
from scenebuild.generate import TakeOrder, make_takes  # noqa: E402
from scenebuild.generate.make import TakeMaker  # noqa: E402
from scenebuild.generate.take import Take  # noqa: E402
from scenebuild.store import LocalStore  # noqa: E402

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


# Which GPU, and why not


class Cards:
    """Stands for ``torch.cuda``: one name a card, and what its first operation raises."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *cards: tuple[str, Exception | None]) -> None:
        self.current: Any = None
        ones = torch.ones

        def made(*shape: int, device: Any = None, **by: Any) -> Any:
            fault = cards[torch.device(device).index][1] if device else None
            if fault is not None:
                raise fault
            return ones(*shape, **by)

        def properties(number: int) -> Any:
            return SimpleNamespace(name=cards[number][0], total_memory=80 * 10**9)

        for name, stands in (
            ("init", lambda: None), ("device_count", lambda: len(cards)), ("get_device_properties", properties),
            ("get_device_capability", lambda number: (6, 1)),
            ("get_arch_list", lambda: ["sm_90", "sm_75", "compute_90"]),
            ("set_device", lambda device: setattr(self, "current", device)),
        ):  # fmt: skip
            monkeypatch.setattr(torch.cuda, name, stands)
        monkeypatch.setattr(torch, "ones", made)
        monkeypatch.setattr(gpu, "has_driver", lambda: True)


NO_KERNEL = RuntimeError("CUDA error: no kernel image is available for execution on the device\nCUDA kernel errors")
TOO_OLD = "cuda:0 (GTX 1080): its architecture is sm_61; this torch has sm_75 and newer"
OLD_DRIVER = (
    "The NVIDIA driver on your system is too old (found version 11040). Please update your GPU driver by downloading "
    "and installing a new version"
)


def test_auto_takes_the_first_gpu_that_can_compute(monkeypatch: pytest.MonkeyPatch) -> None:
    Cards(monkeypatch, ("GTX 1080", NO_KERNEL), ("H100", None), ("H100", None))
    assert choose_device("auto") == ChosenDevice(torch.device("cuda:1"))
    assert choose_device("cuda") == ChosenDevice(torch.device("cuda:1"))
    assert choose_device("auto", 2) == ChosenDevice(torch.device("cuda:2"))
    assert choose_device("cuda:2") == ChosenDevice(torch.device("cuda:2"))
    with pytest.raises(EngineError, match=re.escape(f"--device cuda:0: {TOO_OLD}; --device auto takes what is there")):
        choose_device("cuda:0")
    with pytest.raises(EngineError, match="--device cuda:3: there are 3; --device auto takes what is there"):
        choose_device("cuda:3")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (NO_KERNEL, TOO_OLD),
        (torch.OutOfMemoryError("CUDA out of memory. Tried"), "cuda:0 (GTX 1080): no memory is free, other programs"),
        (RuntimeError("CUDA error: unknown error\nCompile with"), "cuda:0 (GTX 1080): CUDA error: unknown error"),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_a_gpu_that_cannot_compute_is_not_taken_and_the_reason_is_said(
    monkeypatch: pytest.MonkeyPatch, fault: Exception, reason: str
) -> None:
    Cards(monkeypatch, ("GTX 1080", fault))
    chosen = choose_device("auto")
    assert chosen.device == CPU
    assert chosen.note.startswith("the GPU is not used, models run on the CPU, which is much slower: " + reason)
    with pytest.raises(EngineError, match=re.escape(f"--device cuda: {reason}")):
        choose_device("cuda")


def test_a_driver_that_is_too_old_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    Cards(monkeypatch)
    monkeypatch.setattr(torch.cuda, "init", lambda: (_ for _ in ()).throw(RuntimeError(OLD_DRIVER)))
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    reason = "The NVIDIA driver on your system is too old (found version 11040) (this torch is built for CUDA 13.0)"
    assert choose_device("auto").note.endswith(reason)
    monkeypatch.setattr(gpu, "has_driver", lambda: False)
    assert choose_device("auto") == ChosenDevice(CPU)  # nobody expects a GPU where none was ever used


def test_a_gpu_that_computes_wrongly_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    Cards(monkeypatch, ("H100", None))
    ones = torch.ones
    monkeypatch.setattr(torch, "ones", lambda *shape, **by: 2 * ones(*shape, **by))
    assert choose_device("auto").note.endswith("cuda:0 (H100): it computes 16 x 16 x 16 as 16384")


def test_mps_is_only_taken_when_it_is_asked_for_and_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "try_gpus", lambda: gpu.Gpus(fault="none"))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("auto").device == CPU
    assert choose_device("mps").device.type == "mps"
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(EngineError, match="--device mps: torch finds no MPS device; --device auto takes what is there"):
        choose_device("mps")


def test_a_child_makes_its_gpu_the_current_one_and_says_what_it_runs_on(monkeypatch: pytest.MonkeyPatch) -> None:
    cards = Cards(monkeypatch, ("H100", None), ("H100", None))
    session = AUDIOGEN_ENGINE.load({"device": "auto", "gpu": 1})
    assert isinstance(session, AudiocraftSession)
    assert session.device == cards.current == torch.device("cuda:1")
    assert session.falls_back
    assert not torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction
    monkeypatch.setattr(gpu, "try_gpus", lambda: gpu.Gpus(fault="none"))
    session = AUDIOGEN_ENGINE.load({"device": "auto"})
    assert isinstance(session, AudiocraftSession)
    (note,) = session.generate([], lambda index, share: None)
    assert isinstance(note, Note)
    assert note.message == "the GPU is not used, models run on the CPU, which is much slower: none"


def test_doctor_gives_the_reason_that_a_build_would_give(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "has_driver", lambda: True)
    if not torch.cuda.is_available():  # a real child, which really asks
        asked = gpu.ask_a_child()
        assert asked == gpu.try_gpus()
        assert asked.fault
        found = doctor._gpu()
        assert (found.fine, found.found) == (False, f"not used: {asked.reason}")
    cards = (gpu.Gpu(0, "GTX 1080", 8.5, "too old"), gpu.Gpu(1, "H100", 80, ""))
    monkeypatch.setattr(gpu, "ask_a_child", lambda: gpu.Gpus(cards))
    found = doctor._gpu()
    assert (found.fine, found.found) == (True, "cuda:1 (H100, 80 GB); not used: cuda:0 (GTX 1080): too old")


# Memory


@pytest.mark.parametrize("falls_back", [True, False])
def test_a_model_that_does_not_fit_runs_on_the_cpu_or_is_refused(
    monkeypatch: pytest.MonkeyPatch, falls_back: bool
) -> None:
    loaded: list[str] = []

    def load(self: AudiocraftSession, device: Any, *_: Any) -> Any:
        loaded.append(str(device))
        if device.type == "cuda":
            raise torch.OutOfMemoryError("CUDA out of memory")
        raise EngineError("the CPU is asked")

    monkeypatch.setattr(AudiocraftSession, "_load", load)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (2_000_000_000, 8_000_000_000))
    session = AudiocraftSession("audiogen", torch.device("cuda:0"), exact=False, falls_back=falls_back)
    notes: list[str] = []
    problem = "facebook/audiogen-medium does not fit on cuda:0: 2.0 of 8.0 GB are free"
    action = Action("audiogen", "2", 16000, prompt="rain", seed=1, model="facebook/audiogen-medium")
    with pytest.raises(EngineError, match="the CPU is asked" if falls_back else f"{problem}; close what uses the GPU"):
        notes += [str(one) for one in session.generate([Request(action)], lambda index, share: None)]
    assert loaded == (["cuda:0", "cpu"] if falls_back else ["cuda:0"])


def test_what_torch_keeps_for_later_is_free_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, number in (("memory_reserved", 7), ("memory_allocated", 4)):
        monkeypatch.setattr(torch.cuda, name, lambda device, number=number: number)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (10, 100))
    on_gpu: Any = SimpleNamespace(device=torch.device("cuda:0"))
    assert device_module._free_bytes(on_gpu) == 13


# Several GPUs


def test_only_usable_gpus_of_one_kind_share_the_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[int] = []
    cards = [gpu.Gpu(0, "H100", 80, "broken"), *(gpu.Gpu(n, "A100" if n == 2 else "H100", 80, "") for n in (1, 2, 3))]

    def ask() -> gpu.Gpus:
        asked.append(1)
        return gpu.Gpus(tuple(cards))

    monkeypatch.setattr(gpu, "ask_a_child", ask)
    monkeypatch.setattr(gpu, "CARDS", str(tmp_path))
    (tmp_path / "0000:01:00.0").mkdir()
    gpu.alike.cache_clear()
    assert AUDIOGEN_ENGINE.places("auto") == ()
    assert not asked  # one card: no build waits for a child
    (tmp_path / "0000:02:00.0").mkdir()
    gpu.alike.cache_clear()
    try:
        assert AUDIOGEN_ENGINE.places("auto") == AUDIOGEN_ENGINE.places("cuda") == ({"gpu": 1}, {"gpu": 3})
        assert AUDIOGEN_ENGINE.places("cuda:1") == AUDIOGEN_ENGINE.places("cpu") == ()
        assert len(asked) == 1
    finally:
        gpu.alike.cache_clear()


def test_each_gpu_has_a_child_and_a_share_and_a_take_is_the_same_on_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real children of a test's engine, which say where they were told to work."""
    (tmp_path / "sitecustomize.py").write_text(
        'import scenebuild.engines\nscenebuild.engines.REGISTRY["audiogen"] = "engines_for_tests:SIDE_BY_SIDE"\n'
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{Path(__file__).parent}")
    monkeypatch.setitem(scenebuild.engines.REGISTRY, "audiogen", "engines_for_tests:SIDE_BY_SIDE")
    digests: list[dict[str, str]] = []
    for places, count in (((), 1), (({"gpu": 0}, {"gpu": 3}), 2)):
        monkeypatch.setattr(SideBySide, "places", lambda self, device, places=places: places)
        shop = TakeMaker(LocalStore(str(tmp_path / str(count))), str(tmp_path))
        orders = [
            TakeOrder(f"{seed:064x}", SIDE_BY_SIDE.facts, Request(Action("audiogen", "1", 800, prompt="a", seed=seed)))
            for seed in range(5)
        ]
        made = [one for one in make_takes(orders, shop) if isinstance(one, Take)]
        assert len(made) == 5
        assert sorted(one.made_by["device"] for one in made) == (
            ["auto None"] * 5 if count == 1 else ["auto 0"] * 3 + ["auto 3"] * 2
        )
        digests.append({one.key: one.digest for one in made})
    assert digests[0] == digests[1]


# The check that runs on a GPU


@pytest.mark.parametrize("device", ["cpu", "cuda:99"])
def test_the_check_for_a_gpu_runs_to_its_end(device: str) -> None:
    script = [sys.executable, "-W", "ignore", "benchmarks/gpu_check.py", "--size", "tiny", "--device", device]
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(script, cwd=root, check=True, capture_output=True, text=True, timeout=300)
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["name"], found["goal"]) == ("gpu_check", 0.4)
    if device == "cpu":
        assert found["equal"]
        assert not found["captured"]
        assert list(found["speed"]["takes"]) == ["1", "4"]
        assert all(row["ms"] > 0 for row in found["speed"]["takes"].values())
    else:
        assert found["met"] is None
        assert found["reason"].startswith("--device cuda:99: ")
