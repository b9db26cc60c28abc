"""The two files of a checkpoint: nothing is initialised that is overwritten, no code is unpickled.

The codec is built on the ``meta`` device, where a weight is a shape and nothing else; the file is mapped, and its
tensors become the weights as they lie. Every dimension comes from the configuration inside the file. A file is opened
by its whole path: audiocraft's own search for a file, a folder or a repository of some name is never asked.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from scenebuild.engines.audiocraft.package import import_audiocraft
from scenebuild.errors import EngineError

LANGUAGE_MODEL, CODEC = "state_dict.bin", "compression_state_dict.bin"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A file of weights that is open: what it says of itself, and its tensors, mapped and not yet read."""

    path: str
    config: Any  # OmegaConf
    state: dict[str, Tensor]
    mapped: bool = False  # its tensors are pages of a file, which come back when they are looked at again

    def tensor(self, name: str) -> Tensor:
        """One of its tensors. EngineError where it is not there."""
        if name not in self.state:
            raise EngineError(f"{self.path} does not fit its own configuration: it has no {name}")
        return self.state[name]


def open_checkpoint(folder: str, name: str) -> Checkpoint:
    """Map one file of a checkpoint. EngineError where it is none."""
    from omegaconf import OmegaConf

    path = os.path.join(folder, name)
    try:
        package = torch.load(path, map_location="cpu", mmap=True, weights_only=True)
        if "pretrained" in package:  # audiocraft would fetch what this names, at no particular commit
            raise EngineError(
                f"{path} holds no weights, only the name {package['pretrained']!r}; scenebuild loads none by name"
            )
        config = OmegaConf.create(str(package["xp.cfg"]))
        state = {older_name(name): tensor for name, tensor in package["best_state"].items()}
        return Checkpoint(path, config, state, mapped=True)
    except EngineError:
        raise
    except KeyError as error:
        raise EngineError(f"{path} is not a checkpoint as audiocraft exports them: it has no {error}") from error
    except Exception as error:  # torch raises anything for a file that is none, or that holds more than weights
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise EngineError(f"{path} cannot be loaded: {first}") from error


def older_name(name: str) -> str:
    """The name that audiocraft has for a tensor, from what newer or plainer modules of torch call it.

    >>> older_name("decoder.model.0.conv.conv.parametrizations.weight.original1")
    'decoder.model.0.conv.conv.weight_v'
    >>> older_name("transformer.layers.0.self_attn.mha.in_proj_weight")
    'transformer.layers.0.self_attn.in_proj_weight'
    """
    name = re.sub(r"parametrizations\.weight\.original([01])$", lambda it: "weight_" + "gv"[int(it[1])], name)
    return name.replace("_attn.mha.", "_attn.").replace("cross_attention.mha.", "cross_attention.")


def load_codec(checkpoint: Checkpoint, device: torch.device, part: Literal["decoder", "encoder"] = "decoder") -> Any:
    """The quantizer and one half of the EnCodec model on ``device``, in fp32, its weight normalisation folded in."""
    builders = import_audiocraft().models.builders
    config = checkpoint.config
    config.device = "meta"
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # audiocraft builds with an older weight_norm
        try:
            module = builders.get_compression_model(config)
        except Exception as error:  # of omegaconf, of Python and of audiocraft itself
            first = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise EngineError(f"{checkpoint.path} holds a codec that audiocraft does not build: {first}") from error
    _assign(module, checkpoint.state, device, checkpoint.path)
    delattr(module, "encoder" if part == "decoder" else "decoder")
    for layer in module.modules():
        if hasattr(layer, "weight_g"):
            nn.utils.remove_weight_norm(layer)
    return module.requires_grad_(False)


def _assign(module: nn.Module, state: Mapping[str, Tensor], device: torch.device, path: str) -> None:
    """Make the tensors of a file the weights of a module that has none yet."""
    try:
        module.load_state_dict(_placed(dict(state), device), strict=True, assign=True)
    except RuntimeError as error:
        raise EngineError(
            f"{path} does not fit its own configuration: {str(error).splitlines()[-1].strip()}"
        ) from error
    module.requires_grad_(False).eval()


def _placed(state: dict[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    """In fp32, as they lie if they are that."""
    for name in list(state):
        tensor = state[name]
        dtype = torch.float32 if tensor.is_floating_point() else tensor.dtype
        placed = tensor.to(device=device, dtype=dtype)
        if placed.data_ptr() != tensor.data_ptr():
            forget(tensor)
        state[name] = placed
    return state


def forget(tensor: Tensor) -> None:
    """Give the pages of a mapped tensor that was copied back to the system, so that it is not in memory twice."""
    import ctypes
    import mmap

    if not hasattr(mmap, "MADV_DONTNEED") or not tensor.is_contiguous():
        return
    first = -(-tensor.data_ptr() // mmap.PAGESIZE) * mmap.PAGESIZE
    length = (tensor.data_ptr() + tensor.nbytes - first) // mmap.PAGESIZE * mmap.PAGESIZE
    if length > 0:
        ctypes.CDLL(None).madvise(ctypes.c_void_p(first), ctypes.c_size_t(length), mmap.MADV_DONTNEED)
