"""Programs as files: their tapes as text, with a version and a checksum.

What is saved is data, and loading it runs no code: the operations are names of rows of
the table, and the packs are made from the tape again. The function itself is not in
the file, so that a path that it did not take before is refused.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from typing import Any

from autograd.core import choice
from autograd.program.guards import Guard
from autograd.program.recording import Recording
from autograd.program.structure import STATIC
from autograd.program.tape import LEAVES, new_tape, row_of

__all__ = ["dumped", "read"]

MAGIC = b"autograd program 2\n"
"""What a file begins with: its kind, and the version of its contents."""

KINDS = {"list": list, "tuple": tuple}
TYPES = {kind.__name__: kind for kind in STATIC}


def dumped(
    recordings: list[tuple[Any, Recording]],
    options: dict[str, Any],
    signature: inspect.Signature | None = None,
    numbers: bool = True,
) -> bytes:
    """Recordings, each with the key of its arguments, as the bytes of a file.

    Args:
        recordings: with their keys.
        options: of the program.
        signature: how the function is called. A default that a file cannot hold is
            left out, as an argument that has to be given.
        numbers: whether the leaves' numbers are of interest; else they are 0.

    Raises:
        TypeError: an argument or a result is an object that a file cannot hold.
    """
    if any(r.kept for _, r in recordings):
        raise TypeError(
            "a program with objects among its arguments cannot be saved: let the "
            "function close over them"
        )
    leaves = list(dict.fromkeys(x for _, r in recordings for x in r.leaves))
    place = {x: i for i, x in enumerate(leaves)}
    content = {
        "options": options,
        "signature": signature and list(map(_argument, signature.parameters.values())),
        "leaves": [[(x.data if numbers else 0.0).hex(), str(x.label)] for x in leaves],
        "recordings": [
            {
                "key": _plain(key),
                "ops": list(r.tape.ops),
                "args": list(r.tape.args),
                "numbers": [None if x is None else x.hex() for x in r.tape.numbers],
                "checked": list(r.tape.checked),
                "labels": sorted(r.tape.labels.items()),
                "inputs": r.inputs,
                "parameters": r.parameters,
                "leaves": [place[x] for x in r.leaves],
                "outputs": r.outputs,
                "guards": r.guards,
                "template": _plain(r.template),
                "kinds": r.kinds,
                "on_parameters": r.on_parameters,
                "careful": r.careful,
                "hasty": r.tape.hasty,
            }
            for key, r in recordings
        ],
    }
    text = json.dumps(content, separators=(",", ":")).encode()
    return MAGIC + hashlib.sha256(text).hexdigest().encode() + b"\n" + text


def read(
    data: bytes, name: str
) -> tuple[list[tuple[Any, Recording]], dict[str, Any], inspect.Signature | None]:
    """The recordings of a file, the program's options, and how it is called.

    Args:
        data: what is in the file.
        name: of the file, for the messages.

    Raises:
        ValueError: it is no program, of another version, or damaged; or it needs a row
            that the table does not have.
    """
    head, _, rest = data.partition(b"\n")
    kind, _, version = head.rpartition(b" ")
    if kind != MAGIC.rpartition(b" ")[0]:
        raise ValueError(f"{name} is no compiled program")
    if version != MAGIC.split()[-1]:
        raise ValueError(
            f"{name} is a compiled program of version {version.decode('latin1')}, but "
            f"this is for version {MAGIC.split()[-1].decode()}"
        )
    checksum, _, text = rest.partition(b"\n")
    if hashlib.sha256(text).hexdigest().encode() != checksum:
        raise ValueError(f"{name} is damaged: its checksum does not fit")
    content = json.loads(text)
    leaves = [choice.Value(float.fromhex(x), label) for x, label in content["leaves"]]
    found = []
    for r in content["recordings"]:
        tape = new_tape()
        tape.careful, tape.hasty = r["careful"], r["hasty"]
        for op, args, number, checked in zip(
            r["ops"], r["args"], r["numbers"], r["checked"]
        ):
            _known(op, name)
            known = None if number is None else float.fromhex(number)
            k = tape.add(op, tuple(args), known, checked)
            if op == "number" and known is not None:
                tape.shared(known, k)
        tape.labels.update(r["labels"])
        recording = Recording(
            tape=tape,
            inputs=r["inputs"],
            parameters=r["parameters"],
            leaves=[leaves[i] for i in r["leaves"]],
            outputs=r["outputs"],
            guards=[Guard(*guard) for guard in r["guards"]],
            template=_from_plain(r["template"]),
            kinds=r["kinds"],
            on_parameters=r["on_parameters"],
            engine=content["options"]["executor"],
            exact=content["options"]["exact"],
        )
        found.append((_from_plain(r["key"]), recording))
    given = content["signature"]
    signature = (
        None if given is None else inspect.Signature(list(map(_parameter, given)))
    )
    return found, content["options"], signature


def _argument(x: inspect.Parameter) -> list[Any]:
    """An argument's name, its kind, and its default in a list, as JSON has them."""
    try:
        default = [] if x.default is x.empty else [_plain(x.default)]
    except TypeError:
        default = []
    return [x.name, int(x.kind), default]


def _parameter(x: Any) -> inspect.Parameter:
    name, kind, default = x
    given = _from_plain(default[0]) if default else inspect.Parameter.empty
    return inspect.Parameter(name, inspect._ParameterKind(kind), default=given)


def _known(op: str, name: str) -> None:
    if op in LEAVES or op == "detach":
        return
    try:
        row_of(op.partition(":")[0])
    except LookupError:
        raise ValueError(
            f"{name} uses the operation {op!r}, which is not in the table: make it "
            "with autograd.rule before loading"
        ) from None


def _plain(x: Any) -> Any:
    """Nested tuples, lists and static objects as what JSON has."""
    if x.__class__ in (tuple, list):
        return ["(" if x.__class__ is tuple else "[", *map(_plain, x)]
    if x.__class__ is float:
        return ["float", x.hex()]
    if x in (list, tuple) or (isinstance(x, type) and x.__name__ in TYPES):
        return ["type", x.__name__]
    if x.__class__ is bytes:
        return ["bytes", x.hex()]
    if x.__class__ in (bool, int, str) or x is None:
        return ["static", x]
    if type(x).__module__ == "numpy" and hasattr(x, "tolist"):
        return ["array", x.dtype.str, list(x.shape), x.tobytes().hex()]
    raise TypeError(
        f"a program with {type(x).__name__} objects in its arguments or results cannot "
        "be saved"
    )


def _from_plain(x: Any) -> Any:
    kind, *rest = x
    if kind in "([":
        made = list(map(_from_plain, rest))
        return tuple(made) if kind == "(" else made
    if kind == "float":
        return float.fromhex(rest[0])
    if kind == "type":
        return {**TYPES, **KINDS}[rest[0]]
    if kind == "bytes":
        return bytes.fromhex(rest[0])
    if kind == "array":
        import numpy as np

        dtype, shape, data = rest
        return np.frombuffer(bytes.fromhex(data), dtype).reshape(shape).copy()
    return rest[0]
