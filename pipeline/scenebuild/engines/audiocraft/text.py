"""Prompts as the language model sees them: T5's embedding, each prompt encoded alone, so that no padding exists.

audiocraft pads the prompts of a batch to the longest, zeroes the padding's embedding and lets it take part in the
cross-attention; what an element gets then depends on its neighbours. Alone, a prompt gives the same to the last bit.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from scenebuild.engines.audiocraft.checkpoint import PROJECTION, Checkpoint
from scenebuild.errors import EngineError


def encode_prompts(
    prompts: Collection[str], folder: str, checkpoint: Checkpoint, device: torch.device
) -> dict[str, Tensor]:
    """Each prompt's embedding ``(tokens, dim)`` on ``device``, in fp32 as audiocraft computes it.

    ``folder`` holds the T5 encoder, which is in memory only while this runs.
    """
    tokenizer, encoder = _load_t5(folder)
    projection = _projection(checkpoint, encoder.config.d_model)
    found = {}
    for prompt in sorted(set(prompts)):
        inputs = tokenizer([prompt], return_tensors="pt", padding=True)
        hidden = encoder(**inputs).last_hidden_state  # (1, tokens, width)
        found[prompt] = projection(hidden)[0].to(device)
    return found


def _projection(checkpoint: Checkpoint, width: int) -> nn.Linear:
    """From the text encoder's width to the language model's; it is part of the checkpoint."""
    weight = checkpoint.state[PROJECTION + "weight"].float()
    if weight.shape[1] != width:
        raise EngineError(f"{checkpoint.path} wants a text encoder of width {weight.shape[1]}, this one has {width}")
    layer = nn.Linear(width, weight.shape[0], device="meta").requires_grad_(False)
    layer.load_state_dict({"weight": weight, "bias": checkpoint.state[PROJECTION + "bias"].float()}, assign=True)
    return layer


def _load_t5(folder: str) -> tuple[Any, Any]:
    """From files alone, whatever the hub or the working folder hold under that name."""
    from transformers import T5EncoderModel, T5Tokenizer

    with _quietly():
        tokenizer = T5Tokenizer.from_pretrained(folder, local_files_only=True)
        encoder = T5EncoderModel.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
    return tokenizer, encoder.eval().requires_grad_(False)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """The file also holds T5's decoder; that nobody asks for it is not worth a page of warnings."""
    from transformers.utils import logging

    level: int = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)


def padded(embeddings: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Embeddings of several lengths as ``(rows, longest, dim)``, and where they are real: bool ``(rows, longest)``."""
    lengths = torch.tensor([len(one) for one in embeddings])
    real = torch.arange(int(lengths.max()))[None, :] < lengths[:, None]
    return nn.utils.rnn.pad_sequence(embeddings, batch_first=True), real.to(embeddings[0].device)
