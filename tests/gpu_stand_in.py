"""A CUDA graph on a CPU: what it records, what it keeps alive and what it forgets are those of a real one.

A real graph records kernels with the addresses of their arguments. It keeps the memory that was allocated while it was
captured, and nothing else: neither the function, nor the tensors that the function found outside. Such a tensor may be
freed, and the next tensor lies in its place. Here a replay looks for the memory of each argument, and says when it is
gone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

from scenebuild.engines.audiocraft.compute import capture


class FreedMemoryError(AssertionError):
    """A replay reads or writes memory that belongs to nobody any more, or to another tensor."""


class Address:
    """Where a tensor lies and how it is read; it does not keep the tensor's memory."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self._memory = StorageWeakRef(tensor.untyped_storage())
        self._dtype = tensor.dtype
        self._view = (tensor.storage_offset(), tuple(tensor.shape), tuple(tensor.stride()))

    def tensor(self) -> torch.Tensor:
        """The tensor of today at that address."""
        storage = torch.UntypedStorage._new_with_weak_ptr(self._memory.cdata)
        if storage is None:
            raise FreedMemoryError(f"a captured operation refers to a tensor {self._view[1]} that was freed")
        return torch.empty(0, dtype=self._dtype).set_(storage, *self._view)


class Graph:
    """Stands for ``torch.cuda.CUDAGraph``."""

    def __init__(self) -> None:
        self._launches: list[Callable[[], None]] = []
        self._pool: list[torch.UntypedStorage] = []  # allocated while it was captured
        self.replays = 0

    def record(self, operation: Any, arguments: Any, options: Any, results: Any) -> None:
        """One operation that ran; those that allocate have their results in the pool."""
        given = {one.untyped_storage().data_ptr() for one in _tensors((arguments, options))}
        fresh = [one for one in _tensors(results) if one.untyped_storage().data_ptr() not in given]
        self._pool += [one.untyped_storage() for one in fresh]
        kept = tree_map(lambda one: Address(one) if isinstance(one, torch.Tensor) else one, (arguments, options))
        places = [Address(one) for one in _tensors(results)]

        def launch() -> None:
            now = tree_map(lambda one: one.tensor() if isinstance(one, Address) else one, kept)
            for place, result in zip(places, _tensors(operation(*now[0], **now[1])), strict=True):
                own = place.tensor()
                if own.data_ptr() != result.data_ptr():
                    own.copy_(result)

        self._launches.append(launch)

    def replay(self) -> None:
        """Every operation again, at the addresses of then."""
        self.replays += 1
        for launch in self._launches:
            launch()


class EmptyGraph(Graph):
    """What is captured on another device than the current one: nothing (PyTorch issue 87894)."""

    def record(self, *_: Any) -> None:
        """Forget it."""


def _recorder(graph: Graph) -> Any:
    def dispatch(self: Any, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        results = function(*args, **(kwargs or {}))
        graph.record(function, args, kwargs or {}, results)
        return results

    return type("Recorder", (TorchDispatchMode,), {"__torch_dispatch__": dispatch})()


def _tensors(values: Any) -> list[torch.Tensor]:
    return [one for one in tree_flatten(values)[0] if isinstance(one, torch.Tensor)]


class _Stream:
    def __init__(self, *_: Any) -> None: ...

    def wait_stream(self, other: object) -> None: ...


def graphs_on_the_cpu(monkeypatch: pytest.MonkeyPatch, kind: type[Graph] = Graph) -> list[Graph]:
    """``capture`` captures on the CPU from now on; yields the graphs that were made."""
    made: list[Graph] = []

    def new_graph() -> Graph:
        made.append(kind())
        return made[-1]

    @contextlib.contextmanager
    def graph(recorded: Graph, **_: Any) -> Iterator[None]:
        with _recorder(recorded):
            yield

    monkeypatch.setattr(capture, "HAS_GRAPHS", "cpu")
    for name, stands in (
        ("CUDAGraph", new_graph), ("graph", graph), ("Stream", _Stream), ("current_stream", _Stream),
        ("stream", lambda _: contextlib.nullcontext()), ("synchronize", lambda *_: None),
    ):  # fmt: skip
        monkeypatch.setattr(torch.cuda, name, stands)
    return made
