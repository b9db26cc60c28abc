"""Takes with the same prompt share its keys and values, and what their known codes have in common is computed once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the AudioGen set is not installed: make audiogen")

from audiocraft_fixtures import AUDIOGEN, write_checkpoint  # noqa: E402
from scenebuild.engines import Action  # noqa: E402
from scenebuild.engines.audiocraft.batch import Batch, LoadedModel  # noqa: E402
from scenebuild.engines.audiocraft.checkpoint import LANGUAGE_MODEL, open_checkpoint  # noqa: E402
from scenebuild.engines.audiocraft.compute.backend import Backend  # noqa: E402
from scenebuild.engines.audiocraft.compute.kernel_backend import KernelBackend  # noqa: E402
from scenebuild.engines.audiocraft.compute.kernels import kernels  # noqa: E402
from scenebuild.engines.audiocraft.compute.torch_backend import TorchBackend  # noqa: E402
from scenebuild.engines.audiocraft.decoder import Decoder  # noqa: E402
from scenebuild.engines.audiocraft.language import load_language_model  # noqa: E402
from scenebuild.engines.audiocraft.take import PassSchedule, TakeProgress  # noqa: E402

CPU = torch.device("cpu")
ARITHMETIC = ["kernels", "kernels int8", "torch"]
WINDOW, STRIDE = 30, 10  # codec frames


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shared")
    write_checkpoint(root, AUDIOGEN)
    return root


@pytest.fixture(params=ARITHMETIC)
def decoder(folder: Path, request: pytest.FixtureRequest) -> Decoder:
    compiled = kernels()
    if request.param == "torch":
        return decoder_on(TorchBackend(CPU, "fp32"), folder)
    if compiled is None:
        pytest.skip("no kernels here")
    return decoder_on(KernelBackend(compiled, "int8" if "int8" in request.param else "fp32"), folder)


def decoder_on(backend: Backend, folder: Path) -> Decoder:
    return Decoder(load_language_model(open_checkpoint(str(folder), LANGUAGE_MODEL), backend), backend)


def numbers(*shape: int, seed: int) -> Any:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


PROMPTS = {"rain": numbers(5, 64, seed=1), "wind": numbers(9, 64, seed=2), "door": numbers(3, 64, seed=3)}


def take(prompt: str, seed: int, known: Any = None, length: int = WINDOW) -> TakeProgress:
    """A take that goes on from the codes ``known``."""
    action = Action("audiogen", "2", 1, prompt=prompt, seed=seed, temperature=1.0, top_k=250, cfg=3.0)
    codes = torch.empty(4, 0, dtype=torch.long) if known is None else known
    return TakeProgress(seed, action, length, torch.Generator().manual_seed(seed), codes)


def decoded(decoder: Decoder, takes: list[TakeProgress], slots: int) -> dict[int, Any]:
    """The codes of each take, by its seed."""
    model = LoadedModel(decoder, PassSchedule((0, 1, 2, 3), WINDOW, STRIDE), PROMPTS)
    batch = Batch(model, lambda take, decided: None, slots, 1 + WINDOW + 3)
    return {one.index: one.codes for one in batch.run(list(takes))}


def counted(monkeypatch: pytest.MonkeyPatch, name: str) -> list[Any]:
    """The arguments of each call of a method of the decoder."""
    calls: list[Any] = []
    method = getattr(Decoder, name)

    def call(*arguments: Any) -> Any:
        calls.append(arguments)
        return method(*arguments)

    monkeypatch.setattr(Decoder, name, call)
    return calls


def test_a_prompt_is_read_once_for_all_its_takes(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    read = counted(monkeypatch, "_read_prompt")
    state = decoder.allocate(4, 20, 9, prompts=1)
    assert len(state.cross_caches[0].keys) == 1
    for slot in range(4):
        decoder.assign(state, slot, PROMPTS["wind"])
    assert len(read) == 1


@pytest.mark.parametrize("slots", [1, 2, 3, 7])
def test_takes_that_share_prompts_have_the_codes_that_they_have_alone(decoder: Decoder, slots: int) -> None:
    """Slots are given to other prompts while their neighbours still use theirs."""
    order = ["rain", "wind", "rain", "door", "wind", "door", "rain"]
    lengths = [12, 20, 9, 15, 11, 16, 14]
    wanted = [take(prompt, seed, length=lengths[seed]) for seed, prompt in enumerate(order)]
    together = decoded(decoder, wanted, slots)
    for seed, prompt in enumerate(order):
        alone = decoded(decoder, [take(prompt, seed, length=lengths[seed])], 1)
        assert torch.equal(together[seed], alone[seed])


def test_known_codes_that_takes_share_are_prefilled_once(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three takes go on from the same sound, one of them with another prompt, and one from another sound."""
    sounds = torch.randint(0, 320, (2, 4, WINDOW - STRIDE), generator=torch.Generator().manual_seed(5))
    asked = [("rain", 0), ("rain", 0), ("wind", 0), ("rain", 1), ("rain", 0)]

    def takes() -> list[TakeProgress]:
        return [take(prompt, seed, sounds[sound]) for seed, (prompt, sound) in enumerate(asked)]

    alone = {one.index: decoded(decoder, [one], 1)[one.index] for one in takes()}
    prefilled = counted(monkeypatch, "prefill")
    together = decoded(decoder, takes(), 5)
    assert len(prefilled) == 3
    assert all(torch.equal(together[seed], alone[seed]) for seed in alone)
    assert len({tuple(together[seed][:, -STRIDE:].flatten().tolist()) for seed in alone}) == len(alone)


def test_a_step_of_all_slots_finds_the_shared_prompts(folder: Path) -> None:
    """On a GPU each step has all slots, and looks up where their prompts are."""
    backend = TorchBackend(CPU, "fp32")
    decoder = decoder_on(backend, folder)
    codes = torch.randint(0, 320, (3, 4, 6), generator=torch.Generator().manual_seed(6))

    def logits(prompts: int | None, copies: bool) -> Any:
        state = decoder.allocate(3, 6, 9, prompts)
        for slot, name in enumerate(["wind", "rain", "wind"]):
            decoder.assign(state, slot, PROMPTS[name].clone() if copies else PROMPTS[name])
        return torch.stack([torch.stack(decoder.decode_step(state, [0, 1, 2], codes[:, :, k])) for k in range(6)])

    wanted = logits(None, copies=True)
    backend.static = True
    assert (logits(2, copies=False) - wanted).abs().max() < 1e-5 * wanted.abs().max()
