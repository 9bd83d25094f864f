"""What each rank's state has of its own, inside the one checkpoint of a run.

All ranks hold the same weights and the same state of the optimizer. Their generators, the order of
their data, the gradients inside an accumulation and what the script keeps differ; whatever differs
from the first rank's lies in the checkpoint under the rank's number.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from safetensors.torch import load, save
from torch import Tensor

from babysit.attached.control.controls import ScriptControls
from babysit.attached.ranks.channel import Kind, Leader
from babysit.attached.state.training import ScriptTraining
from babysit.protocol.commands import Set
from babysit.protocol.serialization import to_json
from babysit.storage.journal import to_jsonable
from babysit.training.checkpoint import Snapshot, canonical
from babysit.training.controls import ChangeMade
from babysit.training.copies import KeptMemory

SECTIONS = ("model", "optimizer", "random", "extra")
RANKS = "ranks"  # in the JSON part of a checkpoint
OF_THE_RUN = frozenset({"best", "last_command_id", "divergence", "scheduled", RANKS})


class LeaderTraining(ScriptTraining):
    """The training of the first rank, whose snapshots hold what the others have of their own."""

    __slots__ = ("leader",)
    leader: Leader

    def snapshot(self, memory: KeptMemory | None = None) -> Snapshot:
        own = ScriptTraining.snapshot(self, memory)
        answers = self.leader.ask(Kind.SAVE, json.dumps(digests(own)).encode())
        ranks = {}
        for rank, answer in answers.items():
            length = int.from_bytes(answer[:8], "big")
            ranks[str(rank)] = json.loads(answer[8 : 8 + length])
            for name, tensor in load(answer[8 + length :]).items():
                own.extra[f"rank{rank}:{name}"] = tensor
        own.state[RANKS] = ranks
        return own


class LeaderControls(ScriptControls):
    """Changes of the first rank, which all others make too."""

    __slots__ = ("leader",)
    leader: Leader

    def apply(self, change: Set) -> ChangeMade:
        made = ScriptControls.apply(self, change)
        self.leader.tell(Kind.APPLY, json.dumps(to_jsonable(to_json(change))).encode())
        return made


def digests(snapshot: Snapshot) -> dict[str, str]:
    """Of each tensor and each entry of the JSON part, by name."""
    found = {}
    for section in SECTIONS:
        for name, tensor in getattr(snapshot, section).items():
            found[f"{section}:{name}"] = _digest(tensor)
    for key, value in snapshot.state.items():
        if key not in OF_THE_RUN:
            found[f"state:{key}"] = hashlib.sha256(canonical(value)).hexdigest()
    return found


def _digest(tensor: Tensor) -> str:
    digest = hashlib.sha256(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
    digest.update(save({"": tensor.contiguous()}))
    return digest.hexdigest()


def of_its_own(snapshot: Snapshot, known: dict[str, str]) -> bytes:
    """What differs from the first rank's: the length of a JSON text, the text, and tensors."""
    mine = digests(snapshot)
    differ = [name for name, digest in mine.items() if known.get(name) != digest]
    tensors, state = {}, {}
    for name in differ:
        section, _, key = name.partition(":")
        if section == "state":
            state[key] = to_jsonable(snapshot.state[key])
        else:
            tensors[name] = getattr(snapshot, section)[key].contiguous()
    text = json.dumps(state).encode()
    return len(text).to_bytes(8, "big") + text + bytes(save(tensors))


def as_of_rank(snapshot: Snapshot, rank: int) -> Snapshot:
    """A checkpoint as this rank saved it."""
    prefix = f"rank{rank}:"
    sections: dict[str, Any] = {section: dict(getattr(snapshot, section)) for section in SECTIONS}
    for name, tensor in snapshot.extra.items():
        if name.startswith(prefix):
            section, _, key = name.removeprefix(prefix).partition(":")
            sections[section][key] = tensor
    own = snapshot.state.get(RANKS, {}).get(str(rank), {})
    return Snapshot(state={**snapshot.state, **own}, **sections)
