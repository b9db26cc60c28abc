"""The codec of a model, also where its own file holds no weights but the name of a repository that has them.

The stereo models of MusicGen are published so. The name decides nothing here: the repository is pinned in ``models``,
and ``weights.verified`` has compared the two. That repository has EnCodec as transformers writes it, which is
audiocraft's own under other names; so it becomes a checkpoint as audiocraft's loading takes it.
"""

from __future__ import annotations

import json
import os
from typing import Any

from torch import Tensor

from scenebuild.engines.audiocraft.checkpoint import CODEC, Checkpoint, older_name, open_checkpoint
from scenebuild.engines.audiocraft.hub.pickles import reference_in
from scenebuild.engines.audiocraft.hub.weights import LocatedWeights
from scenebuild.errors import EngineError

CONFIG, WEIGHTS = "config.json", "model.safetensors"
# What every EnCodec of MusicGen has, and nothing else was ever compared with.
EXPECTED = {
    "model_type": "encodec",
    "audio_channels": 1,
    "norm_type": "weight_norm",
    "normalize": False,
    "chunk_length_s": None,
}


def open_codec(place: LocatedWeights) -> Checkpoint:
    """The codec's checkpoint of a model that was verified. EngineError where it is none."""
    if place.codec_folder is None or not reference_in(os.path.join(place.folder, CODEC)):
        return open_checkpoint(place.folder, CODEC)
    return open_shared(place.codec_folder)


def open_shared(folder: str) -> Checkpoint:
    """Map the EnCodec of a folder in transformers' layout."""
    from omegaconf import OmegaConf

    path = os.path.join(folder, WEIGHTS)
    config = _read_config(os.path.join(folder, CONFIG))
    tensors = _read_tensors(path)
    codebooks = sum(name.endswith("codebook.embed") for name in tensors)
    last = max((int(name.split(".")[2]) for name in tensors if name.startswith("decoder.layers.")), default=0)
    state = {_renamed(name, last): tensor for name, tensor in tensors.items()}
    try:
        return Checkpoint(path, OmegaConf.create(_as_audiocraft(config, codebooks)), state)
    except KeyError as error:
        raise EngineError(f"{folder}/{CONFIG} is not the configuration of an EnCodec: it has no {error}") from error


def _read_config(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            found: Any = json.load(file)
        other = [f"{name}: {found.get(name)}" for name, value in EXPECTED.items() if found.get(name, value) != value]
    except (OSError, ValueError, AttributeError) as error:
        raise EngineError(f"{path} is not the configuration of an EnCodec: {error}") from error
    if other:
        raise EngineError(f"{path} is another kind of codec than scenebuild decodes ({'; '.join(other)})")
    settings: dict[str, Any] = found
    return settings


def _read_tensors(path: str) -> dict[str, Tensor]:
    from safetensors import safe_open

    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (it is no dict)
    except Exception as error:  # safetensors has its own class for some, and others for others
        raise EngineError(f"{path} cannot be loaded: {type(error).__name__}: {error}") from error


def _renamed(name: str, last: int) -> str:
    """transformers' name of a tensor -> audiocraft's; ``last`` is the number of the decoder's last layer.

    >>> _renamed("decoder.layers.3.conv.weight_g", 15)
    'decoder.model.3.convtr.convtr.weight_g'
    >>> _renamed("encoder.layers.1.block.3.conv.parametrizations.weight.original1", 15)
    'encoder.model.1.block.3.conv.conv.weight_v'
    >>> _renamed("quantizer.layers.2.codebook.embed", 15)
    'quantizer.vq.layers.2._codebook.embed'
    """
    name = older_name(name)
    if name.startswith("quantizer."):
        return name.replace("quantizer.layers.", "quantizer.vq.layers.").replace(".codebook.", "._codebook.")
    side, _, number, *rest = name.split(".")
    # The decoder widens by transposed convolutions; only its first and last ones, and those in blocks, are plain.
    widens = side == "decoder" and rest[0] == "conv" and 0 < int(number) < last
    inner = ".".join(rest).replace("conv.", "convtr.convtr." if widens else "conv.conv.", 1)
    return f"{side}.model.{number}.{inner}"


def _as_audiocraft(config: dict[str, Any], codebooks: int) -> dict[str, Any]:
    """The configuration from which audiocraft's builders make the same model."""
    rate = config["sampling_rate"]
    common = {"sample_rate": rate, "channels": 1, "causal": config["use_causal_conv"]}
    return {
        "device": "cpu",
        "sample_rate": rate,
        "channels": 1,
        "compression_model": "encodec",
        "encodec": {"autoencoder": "seanet", "quantizer": "rvq", "renormalize": False, **common},
        "seanet": {
            "dimension": config["hidden_size"],
            "channels": 1,
            "causal": config["use_causal_conv"],
            "n_filters": config["num_filters"],
            "n_residual_layers": config["num_residual_layers"],
            "ratios": list(config["upsampling_ratios"]),
            "activation": "ELU",
            "activation_params": {"alpha": 1.0},
            "norm": "weight_norm",
            "norm_params": {},
            "kernel_size": config["kernel_size"],
            "residual_kernel_size": config["residual_kernel_size"],
            "last_kernel_size": config["last_kernel_size"],
            "dilation_base": config["dilation_growth_rate"],
            "pad_mode": config["pad_mode"],
            "true_skip": not config["use_conv_shortcut"],
            "compress": config["compress"],
            "lstm": config["num_lstm_layers"],
            "disable_norm_outer_blocks": 0,
            "encoder": {},
            "decoder": {
                "trim_right_ratio": config["trim_right_ratio"],
                "final_activation": None,
                "final_activation_params": None,
            },
        },
        "rvq": {
            "n_q": codebooks,
            "q_dropout": False,
            "bins": config["codebook_size"],
            "decay": 0.99,
            "kmeans_init": True,
            "kmeans_iters": 50,
            "threshold_ema_dead_code": 2,
            "orthogonal_reg_weight": 0.0,
            "orthogonal_reg_active_codes_only": False,
        },
    }
