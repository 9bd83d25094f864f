"""Judges a soak: the invariants, every point worked out again, and the people's history."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from tests.soak.evidence import Body, Run, read_runs
from tests.soak.history import Asked, History
from tests.soak.invariants import bits, violations_of
from tests.soak.recompute import RAMPED, Slope, State, constant, recompute

CHECKED = ("train/cost", "val/cost", "learning_rate", "momentum")
SHOWN_MAX = 5  # violations of one kind in one run; the first ones tell


class Oracle:
    """What was found in a data directory. violations: sentences; points: how many were checked."""

    def __init__(self, data_dir: Path, damaged: set[Path]) -> None:
        self.runs = {run.id: run for run in read_runs(data_dir)}
        self.violations: list[str] = []
        self.points = 0
        self._damaged = damaged
        self._states: dict[int, dict[int, State]] = {}  # run -> step -> state

    def judge(self, history: History) -> None:
        for run in self.runs.values():
            self.violations += violations_of(run, self._damaged)
            self._judge_points(run)
        self.violations += judge_history(list(self.runs.values()), history)

    # -- points

    def _judge_points(self, run: Run) -> None:
        started = run.said("worker_started")
        if not started:
            if any(journal.points for journal in run.journals.values()):
                self.violations.append(f"run {run.id}: points, and no worker that made them")
            return
        start = self._start_of(run, started[0])
        if start is None:
            return
        changes = run.said("changed")
        if [c["step"] for c in changes] != sorted(c["step"] for c in changes):
            self.violations.append(f"run {run.id}: its changes went back in time")
        last = max((step for _, step, _ in points_of(run)), default=start.step)
        expected, states, wrong = recompute(start, int(run.spec["seed"]), changes, last)
        self._states[run.id] = states
        self.violations += [f"run {run.id}: {sentence}" for sentence in wrong]
        differing = []
        for name, step, value in points_of(run):
            self.points += 1
            if bits(expected[name].get(step, float("nan"))) != bits(value):
                differing.append(f"{name} at {step}: {value}, not {expected[name].get(step)}")
        self.violations += [f"run {run.id}: {text}" for text in differing[:SHOWN_MAX]]
        self._judge_checkpoints(run, states)

    def judge_curves(self, curves: dict[int, dict[str, Any]]) -> None:
        """What the API draws: every step once from where the run began, as it was recorded."""
        for ident, drawn in curves.items():
            run = self.runs[ident]
            recorded = {step: value for name, step, value in points_of(run) if name == CHECKED[0]}
            started = run.said("worker_started")
            steps = drawn["step"]
            if steps and steps != list(range(started[0]["step"] + 1, steps[-1] + 1)):
                self.violations.append(f"run {ident}: the API draws other steps than there are")
            if drawn["value"] != [recorded.get(step) for step in steps]:
                self.violations.append(f"run {ident}: the API draws other values than recorded")

    def _start_of(self, run: Run, started: Body) -> State | None:
        """Where the run began: at nothing, or at its parent's checkpoint."""
        slopes = {name: constant(float(started["values"][name])) for name in RAMPED}
        size = int(started["values"]["batch_size"])
        if run.spec["parent"] is None:
            return State(0, 0.0, None, 0, 0, size, size, slopes)
        directory = run.directory.parents[1] / run.spec["parent_directory"]
        if directory in self._damaged:
            return None
        state = state_in(directory)
        for name, slope in state.values.items():
            if name not in run.spec["values"]:
                slopes[name] = slope
        if run.spec["values"] and slopes["momentum"].at(state.step + 1) == 0:
            state.velocity = None
        return replace(state, values=slopes)

    def _judge_checkpoints(self, run: Run, states: dict[int, State]) -> None:
        """What a checkpoint holds is the state that its step must have."""
        changed = {event["step"] for event in run.said("changed")}
        set_to_0 = {e["step"] for e in run.said("changed") if e["after"].get("momentum") == 0}
        for row in run.checkpoints:
            directory = run.directory / "checkpoints" / row["directory"]
            if row["removed"] or directory in self._damaged:
                continue
            found, known = state_in(directory), states.get(row["step"])
            if known is None:  # its points were not written before the worker died
                continue
            arrives = known.values["momentum"].at(known.step + 1) == 0 and known.step in changed
            cleared = found.velocity is None and (arrives or known.step in set_to_0)
            for part in ("step", "weight", "velocity", "epoch", "index"):
                if part == "velocity" and cleared:
                    continue  # written after the change at this very step
                if getattr(found, part) != getattr(known, part):
                    self.violations.append(
                        f"run {run.id}: checkpoint {row['directory']} has the {part} "
                        f"{getattr(found, part)}, not {getattr(known, part)}"
                    )


def points_of(run: Run) -> list[tuple[str, int, float]]:
    """(series, step, value) of everything that can be worked out again, of all attempts."""
    return [
        (name, step, value)
        for journal in run.journals.values()
        for name in CHECKED
        for step, value in journal.points.get(name, [])
    ]


def state_in(directory: Path) -> State:
    """The state that a checkpoint of `counting` holds, read without the product's code."""
    told: dict[str, Any] = json.loads((directory / "state.json").read_text())
    weight = load_file(directory / "model.safetensors")["weight"]
    velocity = load_file(directory / "optimizer.safetensors").get("weight/momentum_buffer")
    place = told["position"]
    return State(
        step=told["step"],
        weight=float(weight),
        velocity=None if velocity is None else float(velocity),
        epoch=place["epoch"],
        index=place["index"],
        batch_size=place["batch_size"],
        next_batch_size=place["next_batch_size"],
        values={name: Slope(**ramp) for name, ramp in told["ramps"].items()},
    )


# ---- history ------------------------------------------------------------------------------------


def judge_history(runs: list[Run], history: History) -> list[str]:
    """What was told as done is there once, what was refused is not, the rest is either."""
    there = Counter(effects_of(runs))
    wrong = []
    for spec in history.spec:
        count = there[effect_key(spec)]
        must = {"ok": 0 if spec.answer.get("status") == "no_op" else 1, "fail": 0}
        if count > 1 or count != must.get(spec.outcome, count):
            wrong.append(f"{spec.outcome}, and there {count} times: {spec}")
        if spec.kind == "illegal" and spec.outcome == "ok":
            wrong.append(f"this was taken: {spec}")
    return wrong


def effect_key(spec: Asked) -> tuple[str, str]:
    return ("run" if spec.kind == "fork" else spec.kind, spec.key)


def effects_of(runs: list[Run]) -> list[tuple[str, str]]:
    """(kind, key) of everything that people caused, by what is in the journals."""
    found = []
    for run in runs:
        found.append(("run", str(run.spec["name"])))
        for body in run.journals[0].events.values():
            if body["kind"] == "command_sent":
                found.append(("command", str(body["command"].get("note"))))
            elif body["kind"] == "note_added":
                found.append(("note", str(body["text"])))
    return found
