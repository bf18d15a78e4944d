"""What is installed is whole: nothing the product reads stays behind in the repository."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from locales.build import build

ROOT = Path(__file__).parent.parent
APART = {"benchmarks", "tests"}
"""Folders of ours that are not installed."""
PACKAGES = tuple(
    sorted(path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name not in APART)
)
STAYS = {"locales/messages.pot"}
"""For translators alone."""


def test_every_file_of_ours_is_in_the_wheel(tmp_path: Path) -> None:
    assert build() == []
    for name in ("pyproject.toml", "README.md", "LICENSE", "logs.py", "webhook.py"):
        shutil.copy(ROOT / name, tmp_path)
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", ".messages-*")
        )
    ours = {
        path.relative_to(tmp_path).as_posix()
        for package in PACKAGES
        for path in (tmp_path / package).rglob("*")
        if path.is_file()
    }
    make = "import sys; from setuptools.build_meta import build_wheel; print(build_wheel(sys.argv[1]))"

    made = subprocess.run(
        [sys.executable, "-c", make, "made"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )

    assert made.returncode == 0, made.stderr
    with zipfile.ZipFile(tmp_path / "made" / made.stdout.splitlines()[-1]) as wheel:
        assert ours - STAYS - set(wheel.namelist()) == set()
