"""The verbs of `babysit` steer a run of a real server; exit codes and output are for scripts."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.live_server import LiveServer

BABYSIT = (sys.executable, "-m", "app.cli")
ROOT = Path(__file__).parents[3]


def environment(server: LiveServer) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if "BABYSIT_" not in name}
    return inherited | {
        "BABYSIT_DATA_DIR": str(server.data_dir),
        "BABYSIT_TOKEN": server.token,
        "PYTHONPATH": str(ROOT),
    }


def babysit(
    server: LiveServer, *arguments: object, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*BABYSIT, *map(str, arguments)],
        env=environment(server),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def done(server: LiveServer, *arguments: object) -> str:
    """What a command prints that exits with 0."""
    ran = babysit(server, *arguments)
    assert (ran.returncode, ran.stderr) == (0, ""), ran
    return ran.stdout


def as_json(server: LiveServer, *arguments: object) -> Any:
    return json.loads(done(server, *arguments, "--json"))


def following(server: LiveServer, run_id: int, *options: str) -> subprocess.Popen[str]:
    """`babysit tail -f` after its first line."""
    tail = subprocess.Popen(
        [*BABYSIT, "tail", "-f", str(run_id), *options],
        env=environment(server),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert tail.stdout is not None
    assert "step" in tail.stdout.readline()
    return tail


# ---- changes -----------------------------------------------------------------------------------


def test_set_prints_the_step_and_what_was_read_back(
    shared: LiveServer, running: dict[str, Any]
) -> None:
    said = done(shared, "set", running["id"], "lr=0.0317", "--note", "first")
    again = done(shared, "set", running["id"], "lr=0.01", "momentum=0.5")

    event = shared.events(running["id"], "changed")[0]
    assert re.fullmatch(r"from step [\d,]+: learning_rate [\d.]+ → 0\.0317\n", said)
    assert event["note"] == "first"
    assert f"from step {event['effective_step']:,}:" in said
    assert re.fullmatch(
        r"from step [\d,]+: learning_rate 0\.0317 → 0\.01, momentum [\d.]+ → 0\.5\n", again
    )


def test_set_schedules_and_spreads_a_change(shared: LiveServer, running: dict[str, Any]) -> None:
    later = done(shared, "set", running["id"], "lr=0.5", "--at", "90000", "--over", "10")
    gradual = done(shared, "set", running["id"], "lr=0.4", "--over", "100")

    command_id = shared.run(running["id"])["pending"][0]["command_id"]
    scheduled = "scheduled after step 90,000"
    assert later == f"learning_rate → 0.5 over 10 steps: {scheduled} (command {command_id})\n"
    assert re.fullmatch(r"from step [\d,]+: learning_rate [\d.]+ → 0\.4 over 100 steps\n", gradual)
    status = done(shared, "status", running["id"])
    assert "waiting  set learning_rate 0.5 after step 90,000" in status


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lr=-1"], "above 0"),
        (["lr=x0.5"], "Learning rate must be"),
        (["lr=release"], "Learning rate must be"),
        (["nothing=1"], "no such hyperparameter"),
        (["lr"], "not like name=value"),
        (["lr=0.1", "--at", "0"], "give this step or a later one"),
    ],
)
def test_what_is_refused_exits_with_1_and_says_why(
    shared: LiveServer, running: dict[str, Any], arguments: Sequence[str], words: str
) -> None:
    if arguments[-1] == "0":
        shared.wait_for_step(running["id"], 1)

    ran = babysit(shared, "set", running["id"], *arguments)

    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("babysit: ")
    assert words in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_pause_resume_and_stop(shared: LiveServer, running: dict[str, Any]) -> None:
    paused = done(shared, "pause", running["id"])
    again = done(shared, "pause", running["id"])
    resumed = done(shared, "resume", running["id"], "--for", "2")
    stepped = shared.wait_for_status(running["id"], "paused")
    stopped = done(shared, "stop", running["id"])
    late = babysit(shared, "pause", running["id"])

    assert re.fullmatch(r"step [\d,]+: paused\n", paused)
    assert again.startswith("nothing to do")
    assert re.fullmatch(r"step [\d,]+: running\n", resumed)
    assert f"step {stepped['step']:,}: stopped\n" == stopped
    assert (late.returncode, late.stdout) == (1, "")


def test_fork_and_rewind_start_runs(shared: LiveServer, running: dict[str, Any]) -> None:
    checkpoint = as_json(shared, "checkpoints", running["id"])[0]
    assert checkpoint["step"] == 0

    fork = as_json(shared, "fork", checkpoint["id"], "lr=0.2", "--name", "cub", "--steps", "5")
    rewound = done(shared, "rewind", checkpoint["id"], "--paused")

    over = shared.wait_for_status(fork["id"], "finished")
    assert (over["name"], over["step"], over["values"]["learning_rate"]) == ("cub", 5, 0.2)
    new_id = int(re.match(r"run (\d+): ", rewound)[1])  # type: ignore[index]
    assert shared.wait_for_status(running["id"], "stopped")
    assert shared.wait_for_status(new_id, "paused")["live"]
    done(shared, "stop", new_id)


def test_a_note_is_attached_to_its_step(shared: LiveServer, running: dict[str, Any]) -> None:
    said = done(shared, "note", running["id"], "a plateau", "--step", "3")

    assert said == "step 3: a plateau\n"
    assert shared.events(running["id"], "note_added")[0]["step"] == 3


# ---- looking -----------------------------------------------------------------------------------


def test_ls_status_and_checkpoints_show_a_run(shared: LiveServer, ended: dict[str, Any]) -> None:
    listed = done(shared, "ls", "--all").splitlines()
    status = done(shared, "status", "ended")
    checkpoints = done(shared, "checkpoints", "ended").splitlines()

    assert listed[0].split() == ["ID", "NAME", "TASK", "STATUS", "STEP", "BEST", "VAL", "COST"]
    mine = [line for line in listed if line.startswith(f"{ended['id']} ")]
    assert mine[0].split()[1:7] == ["ended", "spirals", "finished", "12", "of", "12"]
    assert "status   finished\nstep     12 of 12\n" in status
    assert checkpoints[0].split()[:2] == ["ID", "STEP"]
    assert checkpoints[1].split()[1] == "0"


@pytest.mark.parametrize("verb", ["ls", "status", "checkpoints", "tail", "open"])
def test_json_is_one_value_on_each_line(
    shared: LiveServer, ended: dict[str, Any], verb: str
) -> None:
    lines = done(shared, verb, *([] if verb == "ls" else [ended["id"]]), "--json").splitlines()

    kinds = {type(json.loads(line)) for line in lines}
    assert kinds == {list if verb in ("ls", "checkpoints") else dict}


def test_tail_prints_the_newest_events(shared: LiveServer, ended: dict[str, Any]) -> None:
    lines = done(shared, "tail", ended["id"], "-n", "3").splitlines()
    followed = done(shared, "tail", "-f", ended["id"], "-n", "3").splitlines()

    newest = shared.events(ended["id"])[-1]
    assert len(lines) == 3
    assert lines[-1].endswith(f"step {newest['step']}: {newest['summary']}")
    assert followed == lines  # it is over: nothing follows


def test_tail_follows_until_the_run_is_over(shared: LiveServer, running: dict[str, Any]) -> None:
    with following(shared, running["id"]) as tail:
        shared.command(running["id"], "set", values={"learning_rate": 0.0456})
        shared.command(running["id"], "stop")
        output, errors = tail.communicate(timeout=30)

    assert (tail.returncode, errors) == (0, "")
    assert "→ 0.0456" in output
    assert output.splitlines()[-1].endswith("Stopped and saved")


def test_ctrl_c_ends_tail_quietly(shared: LiveServer, running: dict[str, Any]) -> None:
    with following(shared, running["id"]) as tail:
        tail.send_signal(signal.SIGINT)
        _, errors = tail.communicate(timeout=30)

    assert (tail.returncode, errors) == (0, "")


def test_a_closed_pipe_ends_tail_quietly(shared: LiveServer, running: dict[str, Any]) -> None:
    with following(shared, running["id"]) as tail:
        assert tail.stdout is not None
        assert tail.stderr is not None
        tail.stdout.close()
        shared.command(running["id"], "set", values={"learning_rate": 0.02})
        shared.command(running["id"], "set", values={"learning_rate": 0.03})
        tail.wait(30)
        errors = tail.stderr.read()

    assert (tail.returncode, errors) == (0, "")


def test_a_name_cannot_control_the_terminal(shared: LiveServer) -> None:
    name = "red \x1b[31m\u202eadnap"
    run = shared.start_run("spirals", steps=1, name=name)

    said = done(shared, "status", run["id"])

    assert "\\x1b[31m\\u202eadnap" in said
    assert as_json(shared, "status", name)["id"] == run["id"]


def test_open_prints_a_link_that_signs_in(shared: LiveServer, ended: dict[str, Any]) -> None:
    link, tunnel = done(shared, "open").splitlines()
    of_a_run = as_json(shared, "open", "ended")

    port = shared.url.rpartition(":")[2]
    assert link == shared.address
    assert f"ssh -L {port}:127.0.0.1:{port} " in tunnel
    assert of_a_run["url"] == f"{shared.url}/?run={ended['id']}#t={shared.token}"


def test_export_writes_a_file_and_overwrites_none(
    shared: LiveServer, ended: dict[str, Any], tmp_path: Path
) -> None:
    first = babysit(shared, "export", "ended", cwd=tmp_path)
    second = babysit(shared, "export", "ended", cwd=tmp_path)
    printed = done(shared, "export", ended["id"], "--format", "recipe", "-o", "-")
    nowhere = babysit(shared, "export", "ended", "-o", tmp_path / "no" / "file")

    file = tmp_path / f"run-{ended['id']}.csv"
    assert first.stdout == f"wrote {file.name}, {file.stat().st_size:,} bytes\n"
    assert file.read_text().startswith("step,series,value")
    assert second.returncode == nowhere.returncode == 1
    assert "exists" in second.stderr
    assert printed.startswith("# ") or "format: 1" in printed


# ---- what goes wrong ---------------------------------------------------------------------------


def test_a_name_of_several_runs_lists_them(shared: LiveServer) -> None:
    ids = [shared.start_run("spirals", steps=1, name="triplet")["id"] for _ in range(3)]

    ran = babysit(shared, "stop", "triplet", "--json")

    assert ran.returncode == 1
    assert all(f"{ident} (triplet)" in ran.stderr for ident in ids)
    assert json.loads(ran.stdout)["error"] == "not_found"


def test_without_a_server_the_exit_code_is_2(shared: LiveServer, tmp_path: Path) -> None:
    verbs = (["ls"], ["tail", "-f", "1"], ["set", "1", "lr=1"], ["export", "1"], ["open"])
    nowhere = {"--url": "http://127.0.0.1:9", "--data-dir": str(tmp_path)}

    for verb, (option, value) in zip(verbs, list(nowhere.items()) * 3, strict=False):
        ran = babysit(shared, *verb, option, value)
        assert (ran.returncode, ran.stdout, len(ran.stderr.splitlines())) == (2, "", 1)
