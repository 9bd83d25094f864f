"""How many processors this process may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
OWN_CGROUPS = Path("/proc/self/cgroup")


def usable_cpus() -> int:
    """Processors by CPU affinity and by the quota of the control group, as of a container.

    Returns:
        At least 1. A quota of 1.5 processors counts as 1.
    """
    if hasattr(os, "sched_getaffinity"):
        cpus = len(os.sched_getaffinity(0))
    else:
        cpus = os.cpu_count() or 1
    return max(1, min(cpus, math.floor(cpu_quota())))


def cpu_quota(cgroups: Path = CGROUPS, own: Path = OWN_CGROUPS) -> float:
    """The processors that the control groups of this process allow; at most 2**20."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        lines = []
    quotas = [2.0**20]
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = cgroups / "cpu" if controllers else cgroups
        folder = root / path.lstrip("/")
        # A group's limit holds for the groups within it.
        quotas += [_quota(group) for group in (folder, *folder.parents) if _is_in(group, root)]
    return min(quotas)


def _is_in(group: Path, root: Path) -> bool:
    return group == root or root in group.parents


def _quota(group: Path) -> float:
    """The limit of one group, in processors; infinite without one."""
    try:
        if (group / "cpu.max").exists():  # version 2
            quota, period = (group / "cpu.max").read_text().split()
        else:
            quota = (group / "cpu.cfs_quota_us").read_text()
            period = (group / "cpu.cfs_period_us").read_text()
        limit = int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):  # "max" is no number
        return math.inf
    return limit if limit > 0 else math.inf
