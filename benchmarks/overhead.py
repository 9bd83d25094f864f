"""What recording every step costs: our loop against the loop that a person would write.

`python benchmarks/overhead.py [--pairs 30] [--steps 2000]` trains two equal networks, each in a
process of its own, in turns of so many steps, and prints medians of paired ratios: of processor
time with all threads, of the loop's thread alone, and of the clock. The bare loop makes the same
updates on the same batches, keeps each cost and evaluates as often; it records nothing. Both must
end with equal weights.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent.parent))

from babysit.protocol.heartbeat import Heartbeat
from babysit.protocol.serialization import now
from babysit.protocol.spec.run_spec import RunSpec
from babysit.resume.history import RunHistory
from babysit.training.checkpoint import Snapshot, model_tensors
from babysit.training.state import Training
from babysit.training.user_code.evaluation import evaluate
from babysit.worker.__main__ import announce_start, prepare
from babysit.worker.checkpoint_writer import Saver
from babysit.worker.loop import train
from babysit.worker.recorder import Recorder
from babysit.worker.session import TrainingSession
from benchmarks.paired import Loop, compare, take_turns

ASKED = RunSpec(
    id=1,
    family_id=1,
    name="overhead",
    task="digits",
    values={"learning_rate": 0.05, "batch_size": 64, "hidden_units": 128, "dropout": 0.0},
    steps=0,
    seed=0,
    created_at=now(),
)


def bare(training: Training, steps: int) -> None:
    """So many updates with nothing around them; each cost is read and kept."""
    task, network, optimizer = training.task, training.network, training.optimizer
    costs: list[float] = []
    for _ in range(steps):
        x, y = training.batches.next()
        cost = task.cost(network(x), y, training.controls.values)
        optimizer.zero_grad(set_to_none=True)
        cost.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        training.step += 1
        costs.append(cost.item())
        if training.step % task.evaluate_every == 0:
            evaluate(task, network, training.data, training.controls.values, "cpu")


def weights(training: Training) -> str:
    return Snapshot(model_tensors(training.network), {}, {}, {}).weights_sha256()


def loop(name: str, weights_file: Path) -> None:
    """One of the two, in this process; at the end, say which weights it has made."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        (directory / "run.json").write_text(json.dumps(asdict(ASKED)))
        training = prepare(ASKED, directory, RunHistory())
        training.network.train()
        if name == "bare":
            take_turns(lambda steps: bare(training, steps))
        else:
            recorder = Recorder(directory, 1)
            saver = Saver(ASKED.id, directory / "checkpoints", recorder)
            beat = Heartbeat(directory, 1)
            live = TrainingSession(ASKED, directory, training, recorder, saver, beat)
            announce_start(live)

            def recorded(steps: int) -> None:
                training.steps += steps
                train(live)

            take_turns(recorded)
            saver.close()
            recorder.close()
    weights_file.write_text(weights(training))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--loop", nargs=2, metavar=("NAME", "FILE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.loop:
        loop(asked.loop[0], Path(asked.loop[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("bare", "recorded")]
        loops = [Loop(__file__, ["--loop", file.name, str(file)]) for file in files]
        compare("recorded", *loops, steps=asked.steps, pairs=asked.pairs)
        for each in loops:
            each.end()
        if files[0].read_text() != files[1].read_text():
            sys.exit("The two loops did not end with equal weights: this compares nothing.")


if __name__ == "__main__":
    main()
