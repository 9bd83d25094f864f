"""`babysit prove train.py`: compares a script with itself, continued from a checkpoint.

It runs twice, in a temporary data directory: to 2 N steps, and again as a new process from the
checkpoint of step N. Every logged value and the final weights are compared, bit for bit. What the
script itself writes, it writes twice.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from babysit.attached.scripts.registration import new_run
from babysit.protocol.recipes.recipe import UNREPEATABLE
from babysit.protocol.serialization import fields_of, now
from babysit.protocol.spec.run_spec import RunSpec, ScriptSpec
from babysit.protocol.spec.script_start import script_spec
from babysit.resume.history import are_equal
from babysit.storage.journal import Frame, JournalReader, Points, to_jsonable

EXIT_CODES = {"equal": 0, "differs": 1, "could not": 2}
STEPS = 40
SEED = 1
LOG_SHOWN = 1000  # characters of the output of a script that has failed
USAGE = "babysit prove train.py [ARGS...] [-n STEPS] [--json]"


Start: TypeAlias = Callable[[Path], int]


@dataclass(frozen=True, slots=True)
class Difference:
    """The first value that is not the same."""

    step: int
    name: str
    whole: Any
    continued: Any


@dataclass(slots=True)
class Verdict:
    """reasons: what was noticed that may be the cause, with what to do about it."""

    result: Literal["equal", "differs", "could not"]
    message: str
    continued_from: int | None = None
    last_step: int | None = None
    first: Difference | None = None
    reasons: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.result]


@dataclass(slots=True)
class Recorded:
    """What a run has left in its journal. values: series -> step -> value."""

    values: dict[str, dict[int, float]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["kind"] == kind]

    @property
    def last_step(self) -> int:
        return max((event["step"] for event in self.of_kind("status_changed")), default=0)

    @property
    def weights(self) -> str | None:
        saved = self.of_kind("checkpoint_saved")
        return str(saved[-1]["weights_sha256"]) if saved else None

    def reasons(self) -> list[str]:
        """What was noticed, and what of the parts is not captured."""
        found = [text for event in self.of_kind("exactness") for text in event["reasons"]]
        for declared in self.of_kind("declared")[-1:]:
            for part in declared["parts"]:
                if part["captured"] == "not seen":
                    found.append(f"{part['name']} is not captured: {part['why']}.")
        return list(dict.fromkeys(found))


def read(directory: Path) -> Recorded:
    found = Recorded()
    reader = JournalReader(directory / "attempt-0001.journal")
    while records := reader.read():
        for record in records:
            body = record.body if isinstance(record, Frame) else None
            if isinstance(body, Points):
                for name, row in zip(body.names, body.values, strict=True):
                    if name not in UNREPEATABLE:
                        steps = zip(body.steps.tolist(), row.tolist(), strict=True)
                        found.values.setdefault(name, {}).update(steps)
            elif body is not None:
                found.events.append(body)
    return found


def prove(
    script: Path, arguments: list[str], steps: int = STEPS, start: Start | None = None
) -> Verdict:
    """Run the script twice and compare.

    steps: after so many, it is continued. start: brings the first attempt of a run to its end; it
        returns the exit code. None: in a process of its own.
    """
    if not script.is_file():
        return Verdict("could not", f"There is no file {script}.")
    with tempfile.TemporaryDirectory(prefix="babysit-prove-") as folder:
        return _prove(
            Path(folder), script_spec(script.resolve(), arguments), steps, start or in_a_process
        )


def _prove(folder: Path, spec: ScriptSpec, steps: int, start: Start) -> Verdict:
    limits = {"BABYSIT_SAVE_AT": str(steps), "BABYSIT_STOP_AT": str(2 * steps)}
    spec = replace(spec, environment={**spec.environment, **limits})
    directory, run = new_run(folder, Path(spec.path).stem, spec, seed=SEED)
    failure = _failure_of(directory, start)
    whole = read(directory)
    if failure is not None:
        return Verdict("could not", failure, reasons=whole.reasons())
    saved = [e for e in whole.of_kind("checkpoint_saved") if e["step"] == steps]
    if not saved or whole.last_step <= steps:
        message = (
            f"The script ended after {whole.last_step:,} steps; to continue it from step {steps:,} "
            "takes more. Choose fewer with -n."
        )
        return Verdict("could not", message)
    other = _continued(directory, run, saved[-1])
    failure = _failure_of(other, start)
    continued = read(other)
    reasons = list(dict.fromkeys([*whole.reasons(), *continued.reasons()]))
    if failure is not None:
        message = f"Continued from step {steps:,}, it failed: {failure}"
        return Verdict("could not", message, continued_from=steps, reasons=reasons)
    if [event["step"] for event in continued.of_kind("worker_started")] != [steps]:
        message = f"The script did not go on from its checkpoint of step {steps:,}."
        return Verdict("could not", message, reasons=reasons)
    return compared(whole, continued, steps, reasons)


def compared(whole: Recorded, continued: Recorded, steps: int, reasons: list[str]) -> Verdict:
    """What the values and the weights of both say."""
    last = whole.last_step
    verdict = Verdict("equal", "", continued_from=steps, last_step=last, reasons=reasons)
    first = _first_difference(whole, continued, steps)
    if first is None and whole.weights != continued.weights:
        first = Difference(last, "weights", whole.weights, continued.weights)
    if first is None:
        names = [name for name, values in whole.values.items() if max(values) > steps]
        verdict.message = (
            f"Equal: continued from step {verdict.continued_from:,}, {len(names)} series up to "
            f"step {last:,} and the weights are the same to the last bit."
        )
        return verdict
    verdict.result, verdict.first = "differs", first
    verdict.message = (
        f"Differs at step {first.step:,}: {first.name} is {first.whole} without an interruption, "
        f"and {first.continued} continued from step {steps:,}."
    )
    return verdict


def _first_difference(whole: Recorded, continued: Recorded, steps: int) -> Difference | None:
    found: list[Difference] = []
    for name in dict.fromkeys([*whole.values, *continued.values]):
        one, other = whole.values.get(name, {}), continued.values.get(name, {})
        for step in sorted(step for step in one.keys() | other.keys() if step > steps):
            a, b = one.get(step), other.get(step)
            if a is None or b is None or not are_equal(a, b):
                found.append(Difference(step, name, a, b))
                break
    return min(found, key=lambda item: item.step, default=None)


def _continued(directory: Path, run: RunSpec, saved: dict[str, Any]) -> Path:
    """A run that continues from a checkpoint of another one, without a change."""
    other = directory.parent / str(run.id + 1)
    other.mkdir()
    body = fields_of(run) | {
        "id": run.id + 1,
        "created_at": now(),
        "steps": saved_steps(directory, saved),
        "parent": {
            "run_id": run.id,
            "step": saved["step"],
            "checkpoint_id": saved["checkpoint_id"],
        },
        "parent_directory": f"runs/{run.id}/checkpoints/{saved['directory']}",
        "parent_state_sha256": saved["state_sha256"],
        "parent_bytes": saved["bytes"],
    }
    (other / "run.json").write_text(json.dumps(to_jsonable(body)))
    return other


def saved_steps(directory: Path, saved: dict[str, Any]) -> int:
    """The length of the run, as the checkpoint knows it."""
    state = directory / "checkpoints" / saved["directory"] / "state.json"
    return int(json.loads(state.read_text())["steps"])


def in_a_process(directory: Path) -> int:
    """Run the script of a run to its end. Returns: the exit code, negative for a signal."""
    command = [sys.executable, "-P", "-m", "babysit.attached", str(directory)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        return process.wait()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
        raise


def _failure_of(directory: Path, start: Start) -> str | None:
    """Run the script of a run to its end. Returns: why it failed; None: it did not."""
    code = start(directory)
    ends = read(directory).of_kind("status_changed")
    if code == 0 and ends and ends[-1]["status"] == "finished":
        return None
    reason = ends[-1]["reason"] if ends else None
    log = (directory / "worker.log").read_text(errors="replace")[-LOG_SHOWN:].strip()
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"{reason or 'The script ended'} ({how}). Its output ends so:\n{log}"


def options_of(words: list[str]) -> tuple[list[str], int, bool]:
    """The script with its arguments, the steps, whether JSON is wanted. After `--`, all words are
    the script's.

    Raises:
        ValueError: they make no sense; the message says how they would.
    """
    rest, steps, as_json = list[str](), STEPS, False
    waiting = iter(words)
    for word in waiting:
        if word == "--":
            rest += waiting
        elif word == "--json":
            as_json = True
        elif word == "-n":
            number = next(waiting, "")
            if not (number.isascii() and number.isdigit()) or int(number) < 1:
                raise ValueError(f"-n takes a number of steps from 1 on. Usage: {USAGE}")
            steps = int(number)
        else:
            rest.append(word)
    if not rest:
        raise ValueError(f"Which script? Usage: {USAGE}")
    return rest, steps, as_json


def main(words: list[str]) -> int:
    """Prove a script, say so, and return the exit code."""
    try:
        (script, *arguments), steps, as_json = options_of(words)
    except ValueError as error:
        sys.stderr.write(f"babysit: {error}\n")
        return EXIT_CODES["could not"]
    verdict = prove(Path(script), arguments, steps)
    sys.stdout.write(f"{json.dumps(to_jsonable(asdict(verdict)))}\n" if as_json else told(verdict))
    return verdict.exit_code


def told(verdict: Verdict) -> str:
    """The result as lines for people."""
    why = "noticed" if verdict.result == "equal" else "perhaps because"
    lines = [verdict.message, *(f"  {why}: {reason}" for reason in verdict.reasons)]
    return "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
