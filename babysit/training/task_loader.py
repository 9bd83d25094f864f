"""Imports task files by path, and hashes the code of a task."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

import babysit
from babysit.protocol.task_files import NoSuchTask
from babysit.task import Task

MODULE_PREFIX = "babysit_task_"


def load_task(file: Path) -> Task:
    """Import a task file; its own folder is on the path, for what it imports.

    Raises:
        NoSuchTask: it has no `TASK`.
        Exception: whatever the file raises.
    """
    folder = str(file.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    module_name = f"{MODULE_PREFIX}{file.stem}"
    spec = importlib.util.spec_from_file_location(module_name, file)
    if spec is None or spec.loader is None:
        raise NoSuchTask(f"{file.name} cannot be imported.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # classes of the file must be found by their module
    spec.loader.exec_module(module)
    task = getattr(module, "TASK", None)
    if not isinstance(task, Task):
        raise NoSuchTask(f"{file.name} has no TASK = Task(...).")
    return task


def code_sha256(file: Path) -> str:
    """Covers a loaded task's file and the modules that it imported from below its own folder.

    Of a task that is one file it is the hash of that file. It covers
    what is imported by then: see `built_sha256`.
    """
    own = hashlib.sha256(file.read_bytes()).hexdigest()
    folder = file.parent.resolve()
    helpers = [Path(str(module.__file__)).resolve() for module in imported_below(folder)]
    if not helpers:
        return own
    digest = hashlib.sha256(own.encode())
    for helper in helpers:
        content = hashlib.sha256(helper.read_bytes()).hexdigest()
        digest.update(f"\0{helper.relative_to(folder).as_posix()}\0{content}".encode())
    return digest.hexdigest()


def built_sha256(task: Task, loaded_sha256: str) -> str:
    """As `code_sha256`, when `load` and `build` were called: with what they imported.

    loaded_sha256: what is right for a task that is in no file of its own.
    """
    module = sys.modules.get(task.load.__module__)
    file = getattr(module, "__file__", None)
    if not loaded_sha256 or not file or not task.load.__module__.startswith(MODULE_PREFIX):
        return loaded_sha256
    return code_sha256(Path(file))


def imported_below(folder: Path) -> list[ModuleType]:
    """Imported modules with sources below a folder: neither tasks nor installed packages."""
    installed = [
        *(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "purelib", "platlib")),
        Path(babysit.__file__).resolve().parent,
    ]
    found = {}
    for name, module in list(sys.modules.items()):
        source = getattr(module, "__file__", None)
        if not isinstance(source, str) or name.startswith(MODULE_PREFIX) or name == "__main__":
            continue
        path = Path(source).resolve()
        if (
            path.suffix == ".py"
            and path.is_relative_to(folder)
            and not any(path.is_relative_to(other) for other in installed)
        ):
            found[path] = module
    return [found[path] for path in sorted(found)]
