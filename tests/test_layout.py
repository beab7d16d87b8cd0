"""What no other tool holds: sizes, who imports what from outside, names, docs and the lock."""

from __future__ import annotations

import ast
import os
import re
import tomllib
import typing
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import msgspec
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from service.settings import Settings

ROOT = Path(__file__).parent.parent
PACKAGES = ("queries", "schema", "service")
MODULE_LINES = 400
FUNCTION_LINES = 60

# The modules, as patterns, that may import a package from outside. Contracts in pyproject.toml
# hold what may not be imported; "by nobody else, whatever is added" is easier said here.
IMPORTED_ONLY_BY = {
    "chdb": ("service.engine*",),
    "clickhouse_connect": ("service.engine*", "schema.migrate"),
    "litestar": ("service.api*", "service.app", "service.serve"),
}

# In two halves, for this file is searched as well.
UNWANTED = tuple(
    head + tail
    for head, tail in (
        ("pypi.", "org"),
        ("python", "hosted.org"),
        ("npm", "js."),
        ("deb.", "debian.org"),
        ("/wo", "rk/"),
        ("/tm", "p/"),
        ("work", "place"),
        ("anthr", "opic"),
        ("cla", "ude"),
    )
)


@cache
def _files() -> tuple[Path, ...]:
    """All files that .gitignore does not name; a checkout without git has them too."""
    lines = (ROOT / ".gitignore").read_text().splitlines()
    ignored = [".git", *(line for line in lines if line and not line.startswith("#"))]
    found: list[Path] = []
    for folder, folders, names in os.walk(ROOT):
        at = Path(folder).relative_to(ROOT)
        folders[:] = [name for name in folders if not _is_ignored(at / name, ignored)]
        found += [ROOT / at / name for name in names if not _is_ignored(at / name, ignored)]
    return tuple(sorted(found))


def _is_ignored(path: Path, ignored: list[str]) -> bool:
    """Whether a pattern names it: from the root with a leading slash, else at any depth."""
    forms = (f"/{path.as_posix()}", path.name)
    return any(fnmatch(form, pattern.rstrip("/")) for form in forms for pattern in ignored)


def _with_suffix(suffix: str) -> list[Path]:
    return [path for path in _files() if path.suffix == suffix]


def _shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def test_modules_are_short() -> None:
    lines = {_shown(path): len(path.read_text().splitlines()) for path in _with_suffix(".py")}
    assert {path: n for path, n in lines.items() if n > MODULE_LINES} == {}


def test_functions_are_short() -> None:
    lines = {
        f"{_shown(path)}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in _with_suffix(".py")
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {function: n for function, n in lines.items() if n > FUNCTION_LINES} == {}


def _imports() -> Iterator[tuple[str, str, str]]:
    """Each import within our packages: importing module, where, top-level name imported."""
    for path in _with_suffix(".py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[0] not in PACKAGES:
            continue
        module = ".".join(parts).removesuffix(".__init__")
        for node in ast.walk(_tree(path)):
            match node:
                case ast.Import(names=names):
                    imported = [alias.name for alias in names]
                case ast.ImportFrom(module=str(name)):
                    imported = [name]
                case _:
                    continue
            for name in imported:
                yield module, f"{_shown(path)}:{node.lineno}", name.partition(".")[0]


@pytest.mark.parametrize("outside", sorted(IMPORTED_ONLY_BY))
def test_outside_packages_are_imported_where_agreed(outside: str) -> None:
    strays = [
        where
        for module, where, imported in _imports()
        if imported == outside
        and not any(fnmatch(module, pattern) for pattern in IMPORTED_ONLY_BY[outside])
    ]
    assert strays == []


@pytest.mark.parametrize("name", PACKAGES)
def test_no_dependency_brings_a_package_of_our_name(name: str) -> None:
    # An editable install is not listed: it has a path file in place of the packages.
    assert set(packages_distributions().get(name, [])) <= {"personhouse"}


def test_no_file_names_what_belongs_to_one_machine() -> None:
    found: list[str] = []
    for path in _files():
        text = path.read_text(errors="ignore").lower()
        found += [f"{_shown(path)}: {word}" for word in UNWANTED if word in text]
    assert found == []


def _setting_names(struct: type[msgspec.Struct], prefix: str = "") -> Iterator[str]:
    """Dotted names of a struct's fields; a field that is itself a struct gives way to its own."""
    for field in msgspec.structs.fields(struct):
        name = prefix + field.encode_name
        inner = list(_structs_in(field.type))
        if not inner:
            yield name
        for child in inner:
            yield from _setting_names(child, f"{name}.")


def _structs_in(annotation: object) -> Iterator[type[msgspec.Struct]]:
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _structs_in(argument)


def test_docs_name_every_setting() -> None:
    text = (ROOT / "docs/reference/settings.md").read_text()
    named = set(re.findall(r"`([^`\n]+)`", text))
    assert [name for name in _setting_names(Settings) if name not in named] == []


def test_docs_link_to_files_that_are_there() -> None:
    broken: list[str] = []
    for path in _with_suffix(".md"):
        prose = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text(), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)#\s]+)", prose):
            if ":" not in target and not (path.parent / target).exists():
                broken.append(f"{_shown(path)}: {target}")
    assert broken == []


def _pins(lock: str) -> dict[str, list[str]]:
    """Package name to the versions pinned: more than one where they differ by Python version."""
    pins: dict[str, list[str]] = {}
    for name, version in re.findall(
        r"^([^\s#=]+)==([^\s;]+)", (ROOT / "requirements" / lock).read_text(), flags=re.MULTILINE
    ):
        pins.setdefault(canonicalize_name(name), []).append(version)
    return pins


def _requirements() -> dict[str, list[str]]:
    """What pyproject.toml asks for, by the lock that must meet it."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)
    runtime = project["project"]["dependencies"]
    embedded = runtime + project["project"]["optional-dependencies"]["embedded"]
    dev = embedded + project["dependency-groups"]["dev"]
    bench = runtime + project["dependency-groups"]["bench"]
    return {"runtime.txt": runtime, "embedded.txt": embedded, "dev.txt": dev, "bench.txt": bench}


@pytest.mark.parametrize("lock", ["runtime.txt", "embedded.txt", "dev.txt", "bench.txt"])
def test_the_lock_meets_the_project(lock: str) -> None:
    pins = _pins(lock)
    missed: list[str] = []
    for text in _requirements()[lock]:
        wanted = Requirement(text)
        versions = pins.get(canonicalize_name(wanted.name), [])
        if not versions or not all(map(wanted.specifier.contains, versions)):
            missed.append(text)
    assert missed == [], "run `make lock`"


@pytest.mark.parametrize("lock", ["runtime.txt", "embedded.txt", "bench.txt"])
def test_the_locks_agree(lock: str) -> None:
    everything = _pins("dev.txt")
    # What the benchmark alone needs is in no other.
    pins = {
        name: pin for name, pin in _pins(lock).items() if lock != "bench.txt" or name in everything
    }
    assert {name: pin for name, pin in pins.items() if everything.get(name) != pin} == {}
