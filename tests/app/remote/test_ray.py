"""What a server knows of a Ray cluster without one: what it asks for, and its sentences."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import pytest

from app.cli.settings import server_settings
from app.remote.leases import Lease, Leases
from app.remote.resources import parse_resources, slots_of
from app.settings import Settings
from app.supervisor.remote_workers.ray_cluster.cluster import Actor, RayCluster, UnusableCluster
from app.supervisor.remote_workers.ray_cluster.launcher import RayHandle, RayLauncher
from babysit import __version__
from babysit.remote.ray_cluster.nodes import UnfitNode, check, describe, nodes_of
from babysit.remote.ray_cluster.own_folder import make_own_folder
from tests.app.remote.elsewhere import free_port

ONE_CPU = {"CPU": 1.0}


@pytest.fixture
def lease(tmp_path: Path) -> Lease:
    (tmp_path / "runs/7").mkdir(parents=True)
    leases = Leases(tmp_path / "runs")
    leases.issue(7, 1, "ray")
    found = leases.find(7, 1)
    assert found is not None
    return found


# ---- resources -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("", {}),
        ("CPU=2", {"CPU": 2.0}),
        ("CPU=1, GPU=0.5,accelerator_type:A100=0.001", None),
    ],
)
def test_resources_are_read_as_ray_names_them(text: str, amounts: dict[str, float] | None) -> None:
    asked = parse_resources(text)

    assert asked == (amounts or asked)
    assert len(asked) == len([part for part in text.split(",") if part])


@pytest.mark.parametrize("text", ["CPU", "CPU=-1", "CPU=1,CPU=2", "CPU=0", "GPU=1.5", "a b=1"])
def test_resources_that_ray_would_refuse_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be like CPU=1,GPU=1|whole numbers"):
        parse_resources(text)


@pytest.mark.parametrize(
    ("asked", "slots"),
    [({"CPU": 1.0}, 6), ({"CPU": 3.0}, 1), ({"CPU": 1.0, "GPU": 0.5}, 2), ({"fast": 1.0}, 0)],
)
def test_slots_are_counted_node_by_node(asked: dict[str, float], slots: int) -> None:
    nodes = [{"CPU": 4.0, "GPU": 1.0}, {"CPU": 2.0}]

    assert slots_of(nodes, asked) == slots


def test_a_worker_asks_for_a_cpu_for_each_of_its_threads() -> None:
    assert Settings(threads=3).resources_of_workers == {"CPU": 3.0}
    assert Settings(threads=3, ray_resources="GPU=1").resources_of_workers == {"GPU": 1.0}


# ---- the start -----------------------------------------------------------------------------------


def test_without_ray_the_server_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    cluster = RayCluster(Settings(data_dir=tmp_path, ray="auto"), lambda: None)

    with pytest.raises(UnusableCluster) as refused:
        cluster.connect()

    assert str(refused.value) == (
        "--ray needs the package ray, which is not installed: pip install 'babysit[ray]'"
    )


def test_only_one_setting_starts_the_workers(tmp_path: Path) -> None:
    both = argparse.Namespace(data_dir=tmp_path, ray="auto", launcher="ssh box babysit work")

    with pytest.raises(SystemExit, match="use one of them"):
        server_settings(both)


def test_a_node_that_does_not_fit_is_named_with_what_it_has() -> None:
    here = describe(f"http://127.0.0.1:{free_port()}")  # nothing listens there
    url = "http://127.0.0.1:8000"

    for differs, sentence in (
        ({"python": "3.9.1"}, r"The node box-b has Python 3\.9\.1, this server 3\.\d+"),
        ({"babysit": "0.0.9"}, "The node box-b has Babysit 0.0.9, this server"),
        (
            {"babysit": ""},
            f"not installed on the node box-b for .*: pip install babysit=={__version__}",
        ),
        ({}, r"The node box-b cannot reach the server at .*\(Connection refused\)\. Set BABYSIT_"),
    ):
        with pytest.raises(UnfitNode, match=sentence):
            check("box-b", here | differs, url)
    check("box-b", here | {"unreachable": ""}, url)


def test_a_node_has_its_own_name_or_that_of_its_machine() -> None:
    named = {"NodeID": "1", "Alive": True, "NodeManagerHostname": "vm", "Resources": ONE_CPU}
    address = {"NodeManagerAddress": "10.0.0.5"}
    listed = [
        named | address | {"NodeName": "gpu-a"},
        named | address | {"NodeName": "10.0.0.5"},
        named | address | {"NodeName": "gone", "Alive": False},
    ]

    assert [node.name for node in nodes_of(listed)] == ["gpu-a", "vm"]


# ---- a worker ------------------------------------------------------------------------------------


def test_a_copy_of_a_data_directory_has_other_actors(lease: Lease, tmp_path: Path) -> None:
    of_original, of_copy = (
        RayLauncher(Settings(data_dir=tmp_path / name), None).find(lease).name
        for name in ("var", "copy")
    )

    assert of_original.startswith("babysit-")
    assert of_original.endswith("-7-1")
    assert of_original != of_copy


def test_a_worker_that_could_not_begin_says_why_without_its_token(tmp_path: Path) -> None:
    (tmp_path / "runs/7").mkdir(parents=True)
    leases = Leases(tmp_path / "runs")
    token = leases.issue(7, 1, "ray")
    lease = leases.find(7, 1)
    assert lease is not None
    actor = Actor({}, is_over=True, code=78, words=f"babysit work: no TLS\n{token}\n")
    handle = RayHandle(lease, "babysit-x-7-1", None, actor)

    assert handle.has_failed()
    assert not handle.is_running()
    assert handle.why() == (
        "The worker on Ray exited with code 78 before it began: babysit work: no TLS (token)"
    )


def test_an_actor_that_is_gone_says_what_ray_says(lease: Lease) -> None:
    actor = Actor({}, has_begun=True, is_over=True, why="The node died.")
    handle = RayHandle(lease, "babysit-x-7-1", None, actor)

    assert handle.was_started
    assert handle.why() == "The Ray actor babysit-x-7-1 ended without a worker: The node died."


def test_a_lease_remembers_its_launcher_and_one_of_before_had_a_command(tmp_path: Path) -> None:
    for run in ("7", "8"):
        (tmp_path / run).mkdir()
    leases = Leases(tmp_path)
    leases.issue(7, 1, "ray")
    leases.issue(8, 1)
    before = tmp_path / "8/.attempt-0001.lease"
    kept = json.loads(before.read_text())
    del kept["launcher"]
    before.write_text(json.dumps(kept))

    of_next_server = Leases(tmp_path)

    found = [of_next_server.find(run, 1) for run in (7, 8)]
    assert [lease.launcher for lease in found if lease] == ["ray", "command"]


def test_the_files_of_an_actor_that_was_killed_are_removed_by_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    killed, its_lock = make_own_folder()
    (killed / "checkpoint").write_text("large")
    lives, lock = make_own_folder()
    os.close(its_lock)

    third, its_lock = make_own_folder()

    assert [folder.exists() for folder in (killed, lives, third)] == [False, True, True]
    os.close(lock)
    os.close(its_lock)
