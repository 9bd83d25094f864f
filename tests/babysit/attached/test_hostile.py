"""Scripts that do what scripts do: nothing of ours may disturb them, or be lost."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from babysit.protocol.commands import Pause, Resume, Stop
from tests.babysit.attached.odd_scripts import ODD
from tests.babysit.attached.scripts import Recorded, ScriptRun
from tests.babysit.fork_client import ForkServer
from tests.babysit.waiting import is_running, wait_until

pytestmark = pytest.mark.slow

PRELUDE = """\
import math, multiprocessing, os, signal, sys, threading, time
import torch
from torch import nn
import babysit

rest = time.sleep
torch.manual_seed(0)
net = nn.Linear(2, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)


def turn():
    loss = net(torch.randn(8, 2)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


run = babysit.attach("hostile", model=net, optimizer=optimizer)
"""


def script(tmp_path: Path, body: str, name: str = "train.py") -> Path:
    path = tmp_path / "scripts" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(PRELUDE + body)
    return path


def ran(
    fork_server: ForkServer, tmp_path: Path, body: str, code: int = 0
) -> tuple[ScriptRun, Recorded]:
    run = ScriptRun(fork_server, tmp_path, script(tmp_path, body))
    assert run.finish() == code, run.log()
    return run, run.read()


@pytest.mark.parametrize("what", ODD)
def test_a_script_that_does_odd_things_ends_well(
    what: str, fork_server: ForkServer, tmp_path: Path
) -> None:
    body, steps = ODD[what]
    run, found = ran(fork_server, tmp_path, body)
    assert found.status == "finished", run.log()
    assert "Traceback" not in run.log()
    assert found.of_kind("status_changed")[-1]["step"] == steps
    if "turn()" in body:
        assert len(found.points["learning_rate"]) == steps
    assert 99.0 not in found.points.get("train/a", {}).values()
    (declared,) = found.of_kind("declared")[-1:]
    assert [part["name"] for part in declared["parts"]] == ["model", "optimizer"]


# How a script ends -> exit code, status, words of the reason, words in its output.
ENDS = {
    "raise ValueError('no luck')": (1, "failed", "no luck", "ValueError: no luck"),
    "sys.exit('so long')": (1, "failed", "so long", "so long\n"),
    "sys.exit(5)": (5, "failed", "5", ""),
    "sys.exit(0)": (0, "finished", None, ""),
    "raise KeyboardInterrupt": (130, "stopped", "interrupted", "KeyboardInterrupt"),
}


@pytest.mark.parametrize("end", ENDS)
def test_the_end_is_the_scripts_own_and_is_recorded(
    end: str, fork_server: ForkServer, tmp_path: Path
) -> None:
    code, status, words, output = ENDS[end]
    body = f"for i in run.steps(9):\n    run.log(a=turn())\n    if i == 4:\n        {end}"
    run, found = ran(fork_server, tmp_path, body, code)
    last = found.of_kind("status_changed")[-1]
    assert (last["status"], words is None or words in last["reason"]) == (status, True), last
    assert output in run.log()
    assert max(found.points["train/a"]) == 5
    if status != "finished":  # the turn was not made to its end
        assert last["step"] == 4
        assert [e["step"] for e in found.of_kind("checkpoint_saved")] == [0]


def test_a_script_that_failed_in_a_turn_goes_on_as_if_it_had_not(
    fork_server: ForkServer, tmp_path: Path
) -> None:
    body = (
        "for i in run.steps(9):\n    run.log(a=turn())\n"
        "    if i == 6 and 'FAIL' in os.environ and run.is_new:\n        raise ValueError"
    )
    _, whole = ran(fork_server, tmp_path / "whole", body)
    run = ScriptRun(fork_server, tmp_path, script(tmp_path, body), FAIL="1", BABYSIT_SAVE_AT="3")
    assert run.finish() == 1
    assert run.finish() == 0, run.log()
    assert run.read().bits() == whole.bits()
    assert run.read().weights == whole.weights


def test_a_script_that_fails_before_its_place_leaves_the_checkpoint_alone(
    fork_server: ForkServer, tmp_path: Path
) -> None:
    mended = str(tmp_path / "mended")
    body = (
        f"if not run.is_new and not os.path.exists({mended!r}):\n"
        f"    open({mended!r}, 'w').close()\n    raise OSError('no data')\n"
        "for i in run.steps(300):\n    run.log(a=turn())\n    rest(0.003)"
    )
    _, whole = ran(fork_server, tmp_path / "whole", body)
    run = ScriptRun(fork_server, tmp_path, script(tmp_path, body), BABYSIT_SAVE_AT="3")
    run.start()
    run.until("checkpoint_saved", 2)
    os.kill(run.pid, signal.SIGKILL)
    assert run.wait() == -9
    saved = len(run.read().of_kind("checkpoint_saved"))
    assert run.finish() == 1
    assert len(run.read().of_kind("checkpoint_saved")) == saved
    assert run.finish() == 0, run.log()
    assert run.read().bits() == whole.bits()


def test_sigterm_ends_the_loop_with_a_checkpoint_and_the_script_by_itself(
    fork_server: ForkServer, tmp_path: Path
) -> None:
    body = "for i in run.steps(10**9):\n    run.log(a=turn())\nprint('the last word')"
    run = ScriptRun(fork_server, tmp_path, script(tmp_path, body))
    run.start()
    run.wait_for_step(5)
    os.kill(run.pid, signal.SIGTERM)
    assert run.wait() == 0
    found = run.read()
    assert found.status == "stopped"
    assert "the last word" in run.log()
    last = found.of_kind("checkpoint_saved")[-1]
    assert (last["cause"], last["step"]) == ("end", max(found.points["train/a"]))


def test_what_ends_without_a_word_has_lost_nothing_that_was_recorded(
    fork_server: ForkServer, tmp_path: Path
) -> None:
    body = "for i in run.steps(9):\n    run.log(a=turn())\nrest(1)\nos._exit(4)"
    _, found = ran(fork_server, tmp_path, body, 4)
    assert sorted(found.points["train/a"]) == list(range(1, 10))
    assert found.status == "running", "whoever looks after it says what it was"


def test_a_run_whose_directory_is_deleted_goes_on(fork_server: ForkServer, tmp_path: Path) -> None:
    flag = tmp_path / "ended"
    body = (
        f"for i in run.steps(10**9):\n    turn()\n    rest(0.001)\n"
        f"    if os.path.exists({str(tmp_path / 'go')!r}):\n        break\n"
        f"open({str(flag)!r}, 'w').close()"
    )
    run = ScriptRun(fork_server, tmp_path / "data", script(tmp_path, body))
    run.start()
    run.wait_for_step(5)
    os.rename(tmp_path / "data", tmp_path / "gone")  # at once: files are made in it meanwhile
    shutil.rmtree(tmp_path / "gone", ignore_errors=True)
    (tmp_path / "go").touch()
    wait_until(
        lambda: flag.exists() or None, is_alive=lambda: is_running(run.pid), what="the script's end"
    )


def test_a_cost_that_is_no_number_pauses_a_run_that_somebody_looks_after(
    fork_server: ForkServer, tmp_path: Path
) -> None:
    body = "for i in run.steps(9):\n    run.log(a=math.nan if i == 4 else 1.0)"
    run, found = ran(fork_server, tmp_path / "alone", body)
    assert any("NaN" in event["message"] for event in found.of_kind("warned"))
    longer = script(tmp_path, body.replace("steps(9)", "steps(10**9)"))
    run = ScriptRun(fork_server, tmp_path, longer, supervised=True)
    run.start()
    (paused,) = run.until_count("paused", 1)
    assert (paused["step"], paused["reason"]) == (5, "guard")
    run.send(Resume())
    run.send(Pause())
    run.until_count("paused", 2)
    run.send(Stop())
    assert run.wait() == 0
    assert run.read().status == "stopped"


def test_a_module_beside_the_script_and_spaces_in_its_path_do_no_harm(
    fork_server: ForkServer, tmp_path: Path
) -> None:
    path = script(tmp_path, "for i in run.steps(5):\n    run.log(a=turn())", "a train (1).py")
    (path.parent / "random.py").write_text("raise ImportError('not this one')")
    (path.parent / "babysit.py").write_text("raise ImportError('nor this one')")
    run = ScriptRun(fork_server, tmp_path / "a data dir", path)
    assert run.finish() == 0, run.log()
    assert run.read().status == "finished"


FULL = """\
import resource
for i in run.steps(200):
    run.log(a=turn())
    if i == 20:
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, most))  # no file can grow
        threading.Timer(1, resource.setrlimit, [resource.RLIMIT_FSIZE, (most, most)]).start()
    rest(0.01)
"""


@pytest.mark.parametrize("supervised", [False, True])
def test_a_disk_that_takes_nothing_for_a_while_loses_nothing(
    supervised: bool, fork_server: ForkServer, tmp_path: Path
) -> None:
    run = ScriptRun(fork_server, tmp_path, script(tmp_path, FULL), supervised=supervised)
    assert run.finish() == 0, run.log()
    found = run.read()
    assert found.status == "finished"
    assert sorted(found.points["train/a"]) == list(range(1, 201))
    paused = [e["reason"] for e in found.of_kind("status_changed") if e["status"] == "paused"]
    assert paused == (["disk_error"] if supervised else [])


def test_what_a_script_prints_does_not_fill_the_disk(
    fork_server: ForkServer, tmp_path: Path
) -> None:
    body = "for i in run.steps(30):\n    print('x' * 4_000_000)\n    run.log(a=turn())"
    run, found = ran(fork_server, tmp_path, body)
    assert found.status == "finished"
    assert (run.directory / "worker.log").stat().st_size < 60e6
    assert "bytes of output dropped" in run.log()
