"""What a checkpoint would import, read off its pickle without running any of it.

``torch.load(weights_only=True)`` is the guard. This look comes before it, needs no torch, and can say in words what
is wrong with a file that is a program.
"""

from __future__ import annotations

import io
import os
import pickletools
import zipfile
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO

ZIP = b"PK\x03\x04"
LARGEST_PICKLE = 64 << 20  # the tensors lie beside it; a real one has well under a megabyte
LARGEST_REFERENCE = 64 << 10  # the published ones have 589 bytes
LONGEST_REFERENCE = 100  # operations
STREAMS = 5  # that a checkpoint from before the zip format begins with: magic, protocol, machine, objects, keys

UNREADABLE = (ValueError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError, IndexError)
# Rebuild tensors and plain containers, and nothing that acts.
HARMLESS = frozenset(
    {
        "collections OrderedDict",
        "torch Size",
        "torch device",
        "torch dtype",
        "torch._tensor _rebuild_from_type_v2",
        "torch._utils _rebuild_parameter",
        "torch._utils _rebuild_tensor",
        "torch._utils _rebuild_tensor_v2",
        "torch.nn.parameter Parameter",
        "torch.serialization _get_layout",
        "torch BFloat16Storage",
        "torch BoolStorage",
        "torch ByteStorage",
        "torch CharStorage",
        "torch DoubleStorage",
        "torch FloatStorage",
        "torch HalfStorage",
        "torch IntStorage",
        "torch LongStorage",
        "torch ShortStorage",
        "torch.storage UntypedStorage",
    }
)
# Other ways to name something to call. torch.save writes none of them.
UNUSUAL = frozenset({"STACK_GLOBAL", "INST", "OBJ", "EXT1", "EXT2", "EXT4", "NEWOBJ_EX"})

# A dictionary of texts and truth values, and nothing else.
PLAIN = frozenset(
    {
        "PROTO",
        "FRAME",
        "MARK",
        "EMPTY_DICT",
        "DICT",
        "SETITEM",
        "SETITEMS",
        "PUT",
        "BINPUT",
        "LONG_BINPUT",
        "MEMOIZE",
        "UNICODE",
        "BINUNICODE",
        "SHORT_BINUNICODE",
        "NEWTRUE",
        "NEWFALSE",
        "INT",
        "STOP",
    }
)


def code_in(path: str) -> str:
    """What a checkpoint would call that no checkpoint needs, in words for a message; "" for one that is only weights.

    OSError where the file cannot be read.
    """
    with open(path, "rb") as file:
        try:
            return next((found for stream in _streams(file) for found in _suspicious(stream)), "")
        except UNREADABLE as error:
            return f"something that is no checkpoint ({str(error)[:80] or type(error).__name__})"


def reference_in(path: str) -> str:
    """The repository that a codec file names in place of weights, as audiocraft exports it; "" if it has weights.

    Read off the pickle as ``code_in`` does, without running it. Nothing is ever fetched by that name: it is compared
    with the one that is pinned. OSError where the file cannot be read.
    """
    if os.path.getsize(path) > LARGEST_REFERENCE:
        return ""
    with open(path, "rb") as file:
        try:
            found = list(islice(pickletools.genops(next(_streams(file))), LONGEST_REFERENCE))
        except UNREADABLE:
            return ""
    texts = [argument for _, argument, _ in found if isinstance(argument, str)]
    if not all(opcode.name in PLAIN for opcode, _, _ in found) or "pretrained" not in texts[:-1]:
        return ""
    return str(texts[texts.index("pretrained") + 1])[:100]


def configuration_in(path: str) -> str:
    """The configuration of a checkpoint's training as it stands in its pickle, YAML; "" where none is.

    Read off the pickle as ``code_in`` does, without running it. OSError where the file cannot be read.
    """
    with open(path, "rb") as file:
        try:
            operations = pickletools.genops(next(_streams(file)))
            texts = [argument for _, argument, _ in operations if isinstance(argument, str)]
        except UNREADABLE:
            return ""
    return texts[texts.index("xp.cfg") + 1] if "xp.cfg" in texts[:-1] else ""


def _streams(file: BinaryIO) -> Iterator[BinaryIO]:
    """The pickles of a checkpoint: all in the zip that torch.save writes, or the first ones of a plain file."""
    magic = file.read(len(ZIP))
    file.seek(0)
    if magic != ZIP:  # torch decides by the first bytes as well; zipfile would look at the last ones
        yield from _plain_streams(io.BytesIO(file.read(LARGEST_PICKLE)))  # a length in it can claim any size
        return
    with zipfile.ZipFile(file) as archive:
        pickles = [entry for entry in archive.infolist() if entry.filename.endswith(".pkl")]
        if not pickles:
            raise ValueError("a zip file without a pickle")
        for entry in pickles:
            if entry.file_size > LARGEST_PICKLE or entry.compress_type != zipfile.ZIP_STORED:
                raise ValueError("a pickle of unlikely size, or compressed, as torch.save never does")
            yield io.BytesIO(archive.read(entry))


def _plain_streams(file: BinaryIO) -> Iterator[BinaryIO]:
    """One after the other; each is read to its end before the next is looked for."""
    yield file
    for _ in range(STREAMS - 1):
        more = file.read(1)
        file.seek(-len(more), io.SEEK_CUR)
        if more != b"\x80":  # raw storages follow, or nothing
            return
        yield file


def _suspicious(stream: BinaryIO) -> Iterator[str]:
    for opcode, argument, _ in pickletools.genops(stream):
        if opcode.name in UNUSUAL:
            yield "code (it names what to call in a way that torch.save never does)"
        elif opcode.name == "GLOBAL" and argument not in HARMLESS:
            yield f"code (it calls {str(argument)[:80].replace(' ', '.')})"
