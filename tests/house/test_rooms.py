"""The rooms: what each may import and read, and that every command is in the table."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from marketplace.__main__ import COMMANDS, load_command

ROOT = Path(__file__).resolve().parent.parent.parent
READS_THE_ENVIRONMENT = {"config.py", "wsgi.py", "__main__.py", "command"}


def modules(folder: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield path, ast.parse(path.read_text())


def imported(tree: ast.Module) -> set[str]:
    """Names of every module imported anywhere in a file."""
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def test_the_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    told = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout[-3000:]


def test_the_domain_imports_the_standard_library_alone() -> None:
    foreign = {
        f"{path.name}: {name}"
        for path, tree in modules("marketplace/domain")
        for name in imported(tree)
        if not name.startswith("marketplace.domain") and name.split(".")[0] not in sys.stdlib_module_names
    }
    assert foreign == set()


def test_only_the_composition_reads_the_environment() -> None:
    readers = {
        str(path.relative_to(ROOT / "marketplace"))
        for path, tree in modules("marketplace")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"os.environ", "os.getenv"}
    }
    assert {name for name in readers if Path(name).parts[0] not in READS_THE_ENVIRONMENT} == set()


def test_sums_are_whole_numbers_on_both_engines() -> None:
    """PostgreSQL's own sum of big integers is a decimal: `sum_of` makes it a whole number again."""
    summing = {
        path.name
        for path, tree in modules("marketplace")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) == "func.sum"
    }
    assert summing == {"column.py"}


def test_nothing_is_imported_inside_a_function() -> None:
    hidden = [
        f"{path.relative_to(ROOT)}:{inner.lineno}"
        for folder in ("marketplace", "workers")
        for path, tree in modules(folder)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]
    assert hidden == []


def test_every_module_opens_with_a_sentence() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for folder in ("marketplace", "workers", "tests")
        for path, tree in modules(folder)
        if tree.body and not (ast.get_docstring(tree) or "").strip()
    ]
    assert silent == []


def test_every_command_is_in_the_table_and_has_its_three_parts() -> None:
    files = {
        path.stem.replace("_", "-")
        for path, tree in modules("marketplace/command")
        if any(isinstance(node, ast.FunctionDef) and node.name == "add_arguments" for node in tree.body)
    }
    assert files == set(COMMANDS)
    for name in COMMANDS:
        module = load_command(name)
        assert isinstance(module.HELP, str)
        assert callable(module.add_arguments)
        assert callable(module.main)
