"""Imports task files, calls their functions and checks the results, and hashes their code."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import sys
import sysconfig
from functools import cache
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

import babysit
from babysit.protocol.spec.task_files import NoSuchTask
from babysit.protocol.values import Values
from babysit.task import Data, Task

IS_TASK = "__babysit_task__"  # an attribute of modules that were loaded as tasks
PACKAGE = "babysit_tasks_in_"  # and a hash of the folder: the package of the modules in it
# Modules that are known to be installed: thousands, and they are asked for several times.
_others: dict[str, ModuleType] = {}


class SourceLoader(SourceFileLoader):
    """Compiles a file each time. Bytecode is matched by the second of the last change and the size,
    and an edit may leave both as they were.
    """

    def path_stats(self, path: str) -> Any:
        raise OSError("no bytecode is looked for")


def load_task(file: Path) -> Task:
    """Import a task file. It can import the modules beside it by their names, or relatively.

    Raises:
        NoSuchTask: it has no `TASK`.
        Exception: whatever the file raises.
    """
    make_importable(file.parent)
    module_name = f"{package_of(file.parent)}.{file.stem.replace('.', '_')}"
    loader = SourceLoader(module_name, str(file))
    spec = importlib.util.spec_from_file_location(module_name, file, loader=loader)
    if spec is None or spec.loader is None:
        raise NoSuchTask(f"{file.name} cannot be imported.")
    module = importlib.util.module_from_spec(spec)
    setattr(module, IS_TASK, True)
    sys.modules[module_name] = module  # classes of the file must be found by their module
    spec.loader.exec_module(module)
    task = getattr(module, "TASK", None)
    if not isinstance(task, Task):
        raise NoSuchTask(f"{file.name} has no TASK = Task(...).")
    return task


def package_of(folder: Path) -> str:
    """The name of a package, without an `__init__.py`, of the modules in a folder."""
    name = PACKAGE + hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    if name not in sys.modules:
        package = ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    return name


def make_importable(folder: Path) -> None:
    """Put a folder on the path, after the standard library and before the installed packages.

    A task may be called `random` or have a helper `types`. Other modules of the process must still
    get the ones of the standard library.
    """
    importlib.invalidate_caches()  # a package may have been installed since this process began
    if str(folder) not in sys.path:
        standard = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
        standard |= {str(Path(path) / "lib-dynload") for path in standard}
        places = [place for place, path in enumerate(sys.path) if path in standard]
        sys.path.insert(max(places, default=-1) + 1, str(folder))


def load_data(task: Task) -> Data:
    """The data of a task.

    Raises:
        ValueError: `load` returns something else.
        Exception: whatever `load` raises.
    """
    data = task.load()
    if not isinstance(data, Data):
        raise ValueError(f"load must return Data(train=..., val=...), not {type(data).__name__}.")
    return data


def build_network(task: Task, values: Values) -> nn.Module:
    """The network of a task.

    Raises:
        ValueError: `build` returns something else, or a network with nothing to train.
        Exception: whatever `build` raises.
    """
    network = task.build(values)
    if not isinstance(network, nn.Module):
        raise ValueError(f"build must return a torch.nn.Module, not {type(network).__name__}.")
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise ValueError("build must return a network with at least one parameter to train.")
    return network


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
    if not loaded_sha256 or not file or not getattr(module, IS_TASK, False):
        return loaded_sha256
    return code_sha256(Path(file))


def imported_files() -> list[Path]:
    """Source files of all imported modules, without tasks, installed packages and Babysit."""
    return sorted({path for path, module in _own_sources() if _is_imported(module)})


def own_files(names: list[str]) -> list[Path]:
    """Those source files that belong neither to an installed package nor to Babysit."""
    return sorted({path for name in names if (path := _own_path(name)) is not None})


def imported_below(folder: Path) -> list[ModuleType]:
    """Imported modules with sources below a folder: neither tasks nor installed packages."""
    found = _own_sources()
    files = {path for path, module in found if _is_imported(module)}
    below = {path: module for path, module in found if path in files}
    return [below[path] for path in sorted(below) if path.is_relative_to(folder)]


def _is_imported(module: ModuleType) -> bool:
    """Whether a module was imported by another one: it is no task, and not the program."""
    return not getattr(module, IS_TASK, False) and module is not sys.modules.get("__main__")


def _own_sources() -> list[tuple[Path, ModuleType]]:
    """All modules that belong neither to an installed package nor to Babysit, with their files."""
    found = []
    for name, module in list(sys.modules.items()):
        if _others.get(name) is module:
            continue
        file = getattr(module, "__file__", None)
        path = _own_path(file) if isinstance(file, str) else None
        if path is None:
            _others[name] = module
        else:
            found.append((path, module))
    return found


def _own_path(name: str) -> Path | None:
    """The source file of this name, resolved; None if it is installed, or no source file."""
    # Most end here. To resolve the paths of all modules that are imported takes half a second.
    if not name.endswith(".py") or name.startswith(_installed()):
        return None
    path = Path(name).resolve()
    return None if str(path).startswith(_installed()) else path


@cache
def _installed() -> tuple[str, ...]:
    """How the paths of files begin that are installed, or Babysit's own."""
    folders = [
        *(Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")),
        Path(babysit.__file__).parent,
    ]
    folders += [path.resolve() for path in folders]
    return tuple(f"{path}{os.sep}" for path in folders)
