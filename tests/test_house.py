"""The rules of the house, checked on the source: direction of imports, weight of imports, size, words, silence."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import contrapposto

ROOT = Path(contrapposto.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

LAYERS: list[set[str]] = [
    {"errors", "text", "skeleton"},
    {"records", "geometry"},
    {"distances"},
    {"posebits"},
    {"language"},
    {"weights"},
    {"scan"},
    {"inference"},
    {"media"},
    {"collection"},
    {"features"},
    {"shots"},
    {"people"},
    {"poses"},
    {"representations"},
    {"store"},
    {"items"},
    {"manifest"},
    {"indexing"},
    {"search"},
    {"library"},
    {"networks", "demo"},
    {"training"},
    {"evaluation"},
    {"web"},
    {"cli"},
]
"""Names directly below the package, lowest first: a layer imports itself and those before it. Two in one layer do
not import each other."""

HEAVY = ("torch", "lancedb", "lance", "onnxruntime", "onnx", "cv2", "jinja2", "numba", "tqdm", "av")
MOST_LINES = 400


def name_of(path: Path) -> str:
    """Dotted name of a module of the package."""
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path) for path in MODULES}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(node: ast.AST) -> Iterator[str]:
    """Modules of this package that an import statement names, in full: a.b for `from a import b` if b is one."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "contrapposto")
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        module = node.module or ""
        if module.split(".")[0] == "contrapposto":
            for alias in node.names:
                below = f"{module}.{alias.name}"
                yield below if below in NAMES else module


def layer_of(module: str) -> int:
    part = module.split(".")[1]
    return next(number for number, layer in enumerate(LAYERS) if part in layer)


def inner(path: Path) -> Iterator[tuple[int, str]]:
    """Line and module of all imports of this package in a file, those inside functions too."""
    for node in ast.walk(tree(path)):
        for module in imported(node):
            assert isinstance(node, ast.stmt)
            yield node.lineno, module


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_module_has_a_layer() -> None:
    parts = {name.split(".")[1] for name in NAMES if "." in name}
    stated = [part for layer in LAYERS for part in layer]
    assert len(stated) == len(set(stated))
    assert parts == set(stated)


def test_imports_point_back_along_the_path() -> None:
    wrong, seen = [], 0
    for path in MODULES:
        name = name_of(path)
        if name == "contrapposto":
            continue  # the public names, loaded when they are used
        for line, module in inner(path):
            seen += 1
            if module == "contrapposto":
                wrong.append(f"{shown(path)}:{line} takes a public name; import it from where it lives")
            elif layer_of(module) > layer_of(name) or (
                layer_of(module) == layer_of(name) and module.split(".")[1] != name.split(".")[1]
            ):
                wrong.append(f"{shown(path)}:{line} imports {module}")
    assert not wrong
    assert seen > 100


def test_the_core_knows_nothing_of_its_users() -> None:
    users = {"cli", "web", "server", "training", "evaluation"}
    for path in MODULES:
        name = name_of(path)
        if name == "contrapposto" or name.split(".")[1] in users:
            continue
        assert not {module for _, module in inner(path) if module.split(".")[1] in users}, shown(path)


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    """Of the imports that run when a module is loaded."""
    needs = {
        name_of(path): {module for node in tree(path).body for module in imported(node)} - {name_of(path)}
        for path in MODULES
    }
    order: list[str] = []
    while len(order) < len(needs):
        ready = [name for name in sorted(needs) if name not in order and needs[name] <= set(order)]
        assert ready, f"a circle among {sorted(set(needs) - set(order))}"
        order += ready


def loaded_by(*modules: str) -> set[str]:
    """Names in `sys.modules` of a fresh interpreter that imported these."""
    code = f"import sys, {', '.join(modules)}\nsys.stdout.write(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_the_package_alone_loads_nothing() -> None:
    loaded = loaded_by("contrapposto")
    assert {name for name in loaded if name.startswith("contrapposto")} == {"contrapposto"}
    assert not loaded & {*HEAVY, "numpy", "pyarrow", "PIL"}


def test_library_and_commands_load_nothing_heavy() -> None:
    loaded = loaded_by(
        "contrapposto.library", "contrapposto.cli", "contrapposto.web.results", "contrapposto.evaluation.runs"
    )
    assert {"contrapposto.library", "contrapposto.cli", "contrapposto.search.ranking"} <= loaded
    assert not loaded & set(HEAVY)


def test_the_command_line_waits_for_the_library() -> None:
    """`contrapposto --help` is quick: no store, no pictures."""
    assert not loaded_by("contrapposto.cli") & {*HEAVY, "pyarrow", "contrapposto.library", "contrapposto.store"}


def test_no_file_is_long() -> None:
    lengths = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert not {name: length for name, length in lengths.items() if length > MOST_LINES}
    assert not {name for name in lengths if "utils" in name}


def undocumented(path: Path) -> Iterator[str]:
    """Public things of a file without a docstring: itself, its classes and functions, and their methods."""
    if not ast.get_docstring(tree(path)) and path.name != "__main__.py":
        yield shown(path)
    for node in tree(path).body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef) or node.name.startswith("_"):
            continue
        if not ast.get_docstring(node):
            yield f"{shown(path)}:{node.lineno} {node.name}"
        for method in node.body if isinstance(node, ast.ClassDef) else []:
            if (
                isinstance(method, ast.FunctionDef)
                and not method.name.startswith("_")
                and not ast.get_docstring(method)
            ):
                yield f"{shown(path)}:{method.lineno} {node.name}.{method.name}"


def test_public_things_say_what_they_are() -> None:
    assert [name for path in MODULES for name in undocumented(path)] == []


def noises(path: Path) -> Iterator[str]:
    """Calls and statements that print, or that end the process."""
    for node in ast.walk(tree(path)):
        called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        raised = ast.unparse(node.exc) if isinstance(node, ast.Raise) and node.exc else ""
        if (
            called in ("print", "exit", "quit", "breakpoint", "sys.exit", "os._exit", "os.abort", "click.echo")
            or called.startswith(("sys.stdout.", "sys.stderr."))
            or raised.startswith("SystemExit")
        ):
            assert isinstance(node, ast.expr | ast.stmt)
            yield f"{shown(path)}:{node.lineno} {called or raised}"


def test_only_the_command_line_prints_and_exits() -> None:
    found = [noise for path in MODULES for noise in noises(path)]
    assert [noise for noise in found if not noise.startswith("cli/")] == []
    assert found, "the command line prints; if nothing is found, this test looks wrongly"


def test_public_names_are_the_things_they_name() -> None:
    from contrapposto.errors import ContrappostoError
    from contrapposto.library import Library
    from contrapposto.records import Pose
    from contrapposto.search.query import Query

    assert contrapposto.Library is Library
    assert contrapposto.Pose is Pose
    assert contrapposto.Query is Query
    for name in contrapposto.__all__:
        value = getattr(contrapposto, name)
        assert value.__name__ == name
        assert value.__module__.startswith("contrapposto.")
    assert set(contrapposto.__all__) <= set(dir(contrapposto))
    errors = importlib.import_module("contrapposto.errors")
    own = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert own <= set(contrapposto.__all__), "every error can be caught by its public name"
    assert issubclass(contrapposto.QueryError, ContrappostoError)


def test_unknown_names_are_attribute_errors_and_modules_still_import() -> None:
    with pytest.raises(AttributeError, match="module 'contrapposto' has no attribute 'Libary'"):
        contrapposto.Libary  # type: ignore[attr-defined] # noqa: B018
    from contrapposto import skeleton

    assert skeleton.COUNT == 17


def test_type_checkers_are_told_the_same_names() -> None:
    """The imports that only type checkers see state the same names, from the same modules, as are loaded."""
    stated = {
        alias.name: node.module
        for node in ast.walk(tree(ROOT / "__init__.py"))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("contrapposto.")
        for alias in node.names
    }
    assert sorted(stated) == contrapposto.__all__ == sorted(contrapposto.__all__)
    for name, module in stated.items():
        assert getattr(importlib.import_module(module or ""), name) is getattr(contrapposto, name)
