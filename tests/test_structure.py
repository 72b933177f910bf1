"""Rules about folders: rooms are small, say what they hold, and do not import in circles."""

import ast
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]

_MOST_MODULES = 17


def load_structure() -> ModuleType:
    path = ROOT / "scripts" / "structure.py"
    spec = importlib.util.spec_from_file_location("structure", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


STRUCTURE = load_structure()
SIZES: dict[str, int] = STRUCTURE.sizes()


@pytest.mark.parametrize("room", sorted(SIZES))
def test_a_room_is_small_and_says_what_it_holds(room: str) -> None:
    assert SIZES[room] <= _MOST_MODULES
    init = ROOT / room / "__init__.py"
    assert ast.get_docstring(ast.parse(init.read_text())), f"{init} has no docstring"


@pytest.mark.parametrize("package", STRUCTURE.PACKAGES)
def test_rooms_of_a_package_do_not_import_each_other_in_a_circle(package: str) -> None:
    sizes, imports = STRUCTURE.folded(SIZES, STRUCTURE.imports())
    # The modules at the top, such as errors and keys, are open to every room.
    rooms = [room for room in sizes if room.startswith(f"{package}/")]
    arrows = {pair: n for pair, n in imports.items() if set(pair) <= set(rooms)}
    assert STRUCTURE.ranks(rooms, arrows).keys() == set(rooms)


def test_a_circle_of_imports_is_named() -> None:
    with pytest.raises(ValueError, match=r"rooms import each other: \['a', 'b', 'c'\]"):
        STRUCTURE.ranks(["a", "b", "c"], {("a", "b"): 1, ("b", "a"): 2, ("c", "a"): 1})


def test_an_import_inside_a_function_counts(tmp_path: Path) -> None:
    for path, text in {
        "tasks/one/a.py": "def load():\n    from storage.two import b\n",
        "storage/two/__init__.py": "",
        "storage/two/b.py": "",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert STRUCTURE.imports(tmp_path) == {("tasks/one", "storage/two"): 1}
    assert STRUCTURE.sizes(tmp_path) == {"tasks/one": 1, "storage/two": 1}


def imported_modules(source: str) -> set[str]:
    """Modules that a source text imports, also in the code of child processes in its strings."""
    pattern = r"^\s*(?:from\s+(tests[\w.]*)\s+import\s+([\w, ]+)|import\s+(tests[\w.]*))"
    found: set[str] = set()
    for package, names, module in re.findall(pattern, source, re.MULTILINE):
        found |= {module} if module else {package}
        found |= {f"{package}.{name.strip()}" for name in names.split(",") if name.strip()}
    return found


def test_no_test_module_imports_another() -> None:
    files = sorted((ROOT / "tests").rglob("*.py"))
    tests = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for file in files
        if file.name.startswith("test_")
    }
    assert "tests.test_structure" in tests
    wrong = {str(file): sorted(imported_modules(file.read_text()) & tests) for file in files}
    assert {file: modules for file, modules in wrong.items() if modules} == {}, (
        "move what test modules share into a module without test_ in its name"
    )


def test_an_import_of_a_test_module_is_found() -> None:
    source = "from tests.one import other, test_a\n"
    source += '_CHILD = """\n    import tests.test_b\n"""\n'
    assert imported_modules(source) == {
        "tests.one",
        "tests.one.other",
        "tests.one.test_a",
        "tests.test_b",
    }
