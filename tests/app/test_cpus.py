"""One count of processors, by affinity and by the quotas of control groups."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.cpus import cpu_quota, usable_cpus
from app.settings import Settings


def test_no_more_processors_are_used_than_this_process_may() -> None:
    cpus = usable_cpus()

    assert 1 <= cpus <= len(os.sched_getaffinity(0))
    assert Settings().parallel == max(2, cpus)


@pytest.mark.parametrize(
    ("limits", "own", "expected"),
    [
        ({"a/b/cpu.max": "150000 100000"}, "0::/a/b\n", 1.5),
        ({"a/cpu.max": "200000 100000", "a/b/cpu.max": "max 100000"}, "0::/a/b\n", 2.0),
        ({"cpu.max": "400000 100000"}, "0::/\n", 4.0),
        (
            {"cpu/a/cpu.cfs_quota_us": "50000", "cpu/a/cpu.cfs_period_us": "100000"},
            "3:memory:/x\n2:cpu,cpuacct:/a\n",
            0.5,
        ),
        ({"cpu/a/cpu.cfs_quota_us": "-1", "cpu/a/cpu.cfs_period_us": "100000"}, "2:cpu:/a", 2**20),
        ({"a/cpu.max": "nonsense"}, "0::/a\n", 2**20),
        ({}, "", 2**20),
    ],
)
def test_the_quota_is_the_lowest_of_all_groups_around_the_process(
    tmp_path: Path, limits: dict[str, str], own: str, expected: float
) -> None:
    for name, text in limits.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "own").write_text(own)

    assert cpu_quota(tmp_path, tmp_path / "own") == expected


def test_a_machine_without_control_groups_has_no_quota(tmp_path: Path) -> None:
    assert cpu_quota(tmp_path, tmp_path / "missing") == 2**20
