"""What a search costs: its trials through the whole server, against bare loops doing the same.

`python benchmarks/caviar.py [--trials 24] [--steps 300] [--pairs 5]` starts a server, and in turns
lets it run a search of so many trials of digits, two at a time, and lets two processes train the
same trials back to back: batches, update, evaluation, nothing recorded, the data loaded once. Both
must end with equal costs to the last bit. Then it draws trials into a store of its own, as many in
a transaction as a search does, and says what drawing and bookkeeping take for each.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.live_server import LiveServer, serving

ROOT = Path(__file__).resolve().parent.parent
TASK = "digits"
LOOPS = 2
LOOK_EVERY_S = 1.0  # at a search; its end says when it was
SPACE = {
    "learning_rate": {"scale": "log10", "low": 1e-3, "high": 0.5},
    "momentum": {"scale": "minus_log10_one_minus", "low": 0.5, "high": 0.99},
    "batch_size": {"scale": "log2", "low": 16, "high": 128},
    "hidden_units": {"scale": "log2", "low": 32, "high": 128},
}


# ---- without us ---------------------------------------------------------------------------------


def bare_loop() -> None:
    """In a process of its own: read trainings as JSON lines, do them back to back, say the costs.

    Everything is imported and loaded before the first line is waited for.
    """
    import torch

    from babysit.protocol.serialization import now
    from babysit.protocol.spec.run_spec import RunSpec
    from babysit.protocol.spec.task_files import find_task_file
    from babysit.training.state import begin
    from babysit.training.task_loader import load_task
    from babysit.training.user_code.evaluation import evaluate

    torch.set_num_threads(1)
    task = load_task(find_task_file(TASK))
    data = task.load()
    task = replace(task, load=lambda: data)
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        costs = []
        for trial in json.loads(line):
            asked = RunSpec(
                id=1, family_id=1, name="", task=TASK, created_at=now(),
                values=trial["values"], steps=trial["steps"], seed=trial["seed"],
            )  # fmt: skip
            training = begin(asked, task, device="cpu", code_sha256="")
            network, optimizer, values = (
                training.network, training.optimizer, training.controls.values,
            )  # fmt: skip
            network.train()
            found: dict[str, float] = {}
            for step in range(1, asked.steps + 1):
                x, y = training.batches.next()
                cost = task.cost(network(x), y, values)
                optimizer.zero_grad(set_to_none=True)
                cost.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                cost.item()
                if step % task.evaluate_every == 0 or step == asked.steps:
                    found = evaluate(task, network, data, values, "cpu").series
            costs.append(found["val/cost"])
        print(json.dumps(costs), flush=True)


class BareLoops:
    """Two such processes, each with every second training."""

    def __init__(self) -> None:
        command = [sys.executable, __file__, "--bare"]
        self.processes = [
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
            )
            for _ in range(LOOPS)
        ]
        for process in self.processes:
            self._hear(process)

    def train(self, trials: list[dict[str, Any]]) -> tuple[float, list[float]]:
        """Seconds, and the final costs in the order of the trials."""
        began = time.perf_counter()
        for place, process in enumerate(self.processes):
            assert process.stdin is not None
            process.stdin.write(json.dumps(trials[place::LOOPS]) + "\n")
            process.stdin.flush()
        costs = [0.0] * len(trials)
        for place, process in enumerate(self.processes):
            costs[place::LOOPS] = self._hear(process)
        return time.perf_counter() - began, costs

    def _hear(self, process: subprocess.Popen[str]) -> Any:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            sys.exit("a bare loop ended")
        return json.loads(line)

    def close(self) -> None:
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.close()
            process.wait()


# ---- with us ------------------------------------------------------------------------------------


def searched(server: LiveServer, trials: int, steps: int, seed: int) -> tuple[float, Any]:
    """Seconds from asking for a search to its end, by its own times, and the search."""
    asked = {
        "task": TASK, "space": SPACE, "strategy": "random",
        "trials": trials, "steps": steps, "parallel": LOOPS, "seed": seed,
    }  # fmt: skip
    answer = server.client.post("/api/searches", json=asked)
    assert answer.status_code == 201, answer.text
    path, found = f"/api/searches/{answer.json()['id']}", answer.json()
    while found["status"] != "finished":
        time.sleep(LOOK_EVERY_S)
        found = server.client.get(path).json()
    ended, began = (datetime.fromisoformat(found[at]) for at in ("ended_at", "created_at"))
    return (ended - began).total_seconds(), found


def of_search(server: LiveServer, found: Any, steps: int) -> list[dict[str, Any]]:
    """What its trials were asked for."""
    return [{**server.run(trial["run_id"]), "steps": steps} for trial in found["trials"]]


def processor_s(pid: int) -> float:
    """Seconds that a process has computed, its children not counted."""
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


def bookkeeping_ms(trials: int) -> list[float]:
    """Processor time of a trial's draw, journal, run.json and rows, on the disk and synced: the
    mean of each transaction.
    """
    from app.search.samplers import sample
    from app.store.engine import Database
    from app.store.searches.create import plan_of, start_search
    from app.store.searches.sample import make_trials, sample_trials
    from app.store.searches.searches import find_search
    from app.store.searches.trials import trials_of
    from app.store.store import Store
    from app.supervisor.search_runner import AHEAD_MIN
    from app.task_catalog import TaskInfo
    from babysit.protocol.hyperparameters import declare

    batch = AHEAD_MIN + 1  # what a running search draws at once
    took_ms = []
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/babysit.sqlite")
        database.migrate()
        store = Store(database, Path(folder) / "runs")
        declared = declare(("hidden_units", "layers", "dropout"), {})
        task = TaskInfo(TASK, {"default_steps": 300}, declared, None)
        options = {"space": SPACE, "strategy": "random", "trials": trials, "parallel": 2, "seed": 0}
        with store.writing() as tx:
            search_id = start_search(tx, task, store.runs_dir, options).id
            plan = plan_of(find_search(tx.session, search_id), task.declared)
        for first in range(1, trials + 1, batch):
            began = time.process_time()
            with store.reading() as session:
                before = trials_of(session, [search_id])[search_id]
                session.expunge_all()
            numbers = range(first, min(first + batch, trials + 1))
            draws = [found for number in numbers if (found := sample(plan, number, [])) is not None]
            with store.writing() as tx:
                row = find_search(tx.session, search_id)
                drawn = sample_trials(tx, row, draws, plan, before)
                make_trials(tx, store.runs_dir, row, drawn, task)
            took_ms.append((time.process_time() - began) * 1e3 / len(draws))
        store.close()
    return took_ms


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--bare", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.bare:
        bare_loop()
        return
    took_ms = bookkeeping_ms(200)  # first: the disk has nothing else to do
    ratios, with_us_s, without_s = [], [], []
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder) / "var", "--no-demo") as server,
    ):
        server.client.get("/api/tasks", params={"wait_s": 60})
        loops = BareLoops()
        _, found = searched(server, 2, 20, 99)  # warm: both have imported all they need
        loops.train(of_search(server, found, 20))
        began_s = processor_s(server.process.pid)
        for seed in range(arguments.pairs):
            ours_s, found = searched(server, arguments.trials, arguments.steps, seed)
            theirs_s, costs = loops.train(of_search(server, found, arguments.steps))
            if costs != [trial["val_cost"] for trial in found["trials"]]:
                sys.exit("The two did not end with equal costs: this compares nothing.")
            with_us_s.append(ours_s)
            without_s.append(theirs_s)
            ratios.append(ours_s / theirs_s)
        server_s = processor_s(server.process.pid) - began_s
        loops.close()
    print(
        f"{arguments.trials} trials of {arguments.steps} steps of {TASK}, {LOOPS} at a time, on "
        f"{os.cpu_count()} cores: {statistics.median(with_us_s):.2f} s, bare "
        f"{statistics.median(without_s):.2f} s"
    )
    print(
        f"search / bare: median {statistics.median(ratios):.2f}, from {min(ratios):.2f} to "
        f"{max(ratios):.2f}, {arguments.pairs} pairs"
    )
    each_ms = server_s / arguments.pairs / arguments.trials * 1e3
    print(
        f"the server's processor time, reading journals and answering too: {each_ms:.0f} ms a trial"
    )
    p95 = statistics.quantiles(took_ms, n=20)[-1]
    print(
        f"drawing and bookkeeping, processor time: median {statistics.median(took_ms):.1f} ms "
        f"a trial, p95 {p95:.1f} ms, 200 trials"
    )


if __name__ == "__main__":
    main()
