"""The rules of the house, read from the source."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

MAY_IMPORT: dict[str, set[str]] = {
    "flows": set(),
    "locales": {"flows"},
    "storage": {"flows"},
    "bot": {"flows", "locales", "settings", "storage"},
    "desk": {"flows", "locales", "storage"},
    "settings": set(),
    "logs": set(),
    "webhook": {"bot", "desk", "flows", "locales", "logs", "settings", "storage"},
    "tada": {"bot", "flows", "locales", "logs", "settings", "storage", "webhook"},
}
"""What each folder may import of ours: webhook → desk, bot → storage → flows, and nothing the other way."""

IMPURE = {
    "asyncio", "flask", "http", "os", "random", "requests", "secrets", "socket",
    "sqlalchemy", "sqlite3", "subprocess", "tempfile", "time", "urllib.request", "uuid",
}  # fmt: skip
"""What a pure core has no use for."""


def sources(folder: str) -> list[Path]:
    return (
        [ROOT / f"{folder}.py"] if (ROOT / f"{folder}.py").exists() else sorted((ROOT / folder).rglob("*.py"))
    )


def imports(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def committed() -> list[Path]:
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
        ).stdout.decode()
        names = [ROOT / name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):  # an unpacked archive: everything that is not made here
        made = {
            ".venv",
            "var",
            ".git",
            "__pycache__",
            ".mypy_cache",
            ".ruff_cache",
            ".pytest_cache",
            ".hypothesis",
        }
        names = [path for path in ROOT.rglob("*") if not made & set(path.relative_to(ROOT).parts)]
    return [name for name in names if name.is_file()]


@pytest.mark.parametrize("folder", sorted(MAY_IMPORT))
def test_imports_run_one_way_webhook_to_desk_and_bot_to_storage_to_flows(folder: str) -> None:
    forbidden = set(MAY_IMPORT) - MAY_IMPORT[folder] - {folder}
    wrong = [
        f"{source.relative_to(ROOT)} imports {name}"
        for source in sources(folder)
        for name in imports(source)
        if name.split(".")[0] in forbidden
    ]

    assert wrong == []


def test_no_two_modules_need_each_other() -> None:
    modules = {
        str(source.relative_to(ROOT).with_suffix("")).replace("/", ".").removesuffix(".__init__"): source
        for folder in MAY_IMPORT
        for source in sources(folder)
    }
    needs = {
        name: {found for found in imports(source) if found in modules and found != name}
        for name, source in modules.items()
    }

    # A folder's own face hands on what its modules have, and they may name the folder.
    order = TopologicalSorter({name: found - _faces(name) for name, found in needs.items()})
    assert list(order.static_order())


def _faces(name: str) -> set[str]:
    parts = name.split(".")
    return {".".join(parts[:end]) for end in range(1, len(parts))}


def test_the_flow_is_pure_and_has_no_use_for_clocks_chance_networks_or_databases() -> None:
    wrong = [
        f"{source.relative_to(ROOT)} imports {name}"
        for source in sources("flows")
        for name in imports(source)
        if name in IMPURE or name.split(".")[0] in IMPURE
    ]

    assert wrong == []


def test_one_module_holds_the_cryptography() -> None:
    holders = {
        str(source.relative_to(ROOT))
        for folder in MAY_IMPORT
        for source in sources(folder)
        for name in imports(source)
        if name.split(".")[0] == "cryptography"
    }

    assert holders == {"storage/sealing.py"}


def test_every_folder_and_module_says_in_a_sentence_what_it_is_for() -> None:
    ours = [source for folder in MAY_IMPORT for source in sources(folder)]
    silent = [source for source in ours if not ast.get_docstring(ast.parse(source.read_text("utf-8")))]
    faceless = [
        folder
        for folder in MAY_IMPORT
        if (ROOT / folder).is_dir() and not (ROOT / folder / "__init__.py").exists()
    ]

    assert silent == []
    assert faceless == []


SECRET = re.compile(r"(secrets?|tokens?|signature|signed|offered|proof|csrf|check_value|mac|digits)(_|$)")
"""What a secret, or what is made of one, is called here."""


def compared(side: ast.expr) -> str:
    """Name what stands on one side of a comparison, whatever it was turned into before."""
    match side:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=ast.Attribute(value=turned, attr="encode" | "hex" | "strip")):
            return compared(turned)
        case ast.Call(func=ast.Attribute(attr="fromhex"), args=[turned]) | ast.Subscript(value=turned):
            return compared(turned)
        case ast.Call(func=ast.Name(id="sign")) | ast.Call(func=ast.Attribute(value=ast.Name(id="hmac"))):
            return "signature"
    return ""


def test_no_secret_is_compared_in_a_time_that_tells_where_it_differs() -> None:
    found = [
        f"{source.relative_to(ROOT)}:{node.lineno} {ast.unparse(node)}"
        for folder in ("bot", "desk", "storage")
        for source in sources(folder)
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare)
        and any(isinstance(how, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for how in node.ops)
        and any(SECRET.match(compared(side)) for side in (node.left, *node.comparators))
    ]

    assert found == []


def test_no_file_is_called_utils_or_anything_else_that_names_no_subject() -> None:
    empty_names = re.compile(r"(utils?|helpers?|misc|common|stuff)\b")

    assert [str(path.relative_to(ROOT)) for path in committed() if empty_names.match(path.stem)] == []


def test_the_repository_names_no_machine_and_no_home_of_whoever_wrote_it() -> None:
    # Put together here, so that this file does not hold what it looks for.
    places = ["/" + place for place in ("root/", "home/", "work/", "tmp/bash")]
    index = "index" + "-url"
    wrong = []
    for path in committed():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        wrong += [f"{path.relative_to(ROOT)}: {place}" for place in [*places, index] if place in text]

    assert wrong == []


def test_locks_pin_every_package_by_hash_and_name_no_index() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        entries = re.split(r"\n(?=\S)", text.strip())

        assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []
        assert "://" not in text


def test_both_locks_agree_on_every_version() -> None:
    def versions(name: str) -> dict[str, str]:
        text = (ROOT / name).read_text(encoding="utf-8")
        return dict(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", text, re.MULTILINE))

    to_run, to_test = versions("requirements.txt"), versions("requirements-dev.txt")

    assert to_run
    assert to_run == {name: version for name, version in to_test.items() if name in to_run}
