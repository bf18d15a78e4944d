"""What `make` does, for machines with and without make: `python tasks.py run|demo|test|check|bench|contracts|clean`.

Standard library only, since it runs before anything is installed. It keeps one environment in `.venv`,
filled from the lock files, whose every package is pinned by hash; a stamp there says what it was
filled from, so that nothing is installed twice.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
BINARIES = ENVIRONMENT / ("Scripts" if os.name == "nt" else "bin")
STAMP = ENVIRONMENT / "filled-from"
OLDEST_PYTHON = (3, 11)

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
DOWNLOAD_SECONDS = 300


class Lacking(Exception):
    """The machine lacks something; the message says what, and how to get it, in one line."""


# ------------------------------------------------------------------ the environment


def prepare(lock: str) -> None:
    """Make `.venv` hold what `lock` names, and compile the catalogues. Quick when nothing changed."""
    wanted = _wanted(lock)
    filled = STAMP.read_text().splitlines() if STAMP.exists() else []
    if wanted not in filled or not _works(BINARIES / "python"):
        _fill(lock)
        names = {"requirements.txt", lock}  # the lock for development holds all of the other one
        STAMP.write_text("\n".join(sorted(_wanted(name) for name in names)) + "\n")
    _do(BINARIES / "python", "-m", "locales.build")


def _wanted(lock: str) -> str:
    """Name everything an environment depends on: its place, the Python, the packages, the entry points."""
    parts = [str(ENVIRONMENT).encode(), sys.version.encode()]
    parts += [(ROOT / name).read_bytes() for name in (lock, "pyproject.toml")]
    return f"{lock} {hashlib.sha256(b''.join(hashlib.sha256(part).digest() for part in parts)).hexdigest()}"


def _fill(lock: str) -> None:
    print(f"Setting up .venv from {lock} (a minute or so, once)", flush=True)
    uv = shutil.which("uv")
    if uv and _works(uv):  # quicker, and never required
        if not _works(BINARIES / "python"):
            _do(uv, "venv", "--quiet", "--clear", "--python", sys.executable, ENVIRONMENT)
        install: list[str | Path] = [uv, "pip", "install", "--quiet", "--python", BINARIES / "python"]
    else:
        if not _works(BINARIES / "python", "-m", "pip"):
            _make_environment()
        install = [BINARIES / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _do(*install, "--require-hashes", "-r", ROOT / lock)
    _do(*install, "--no-deps", "--no-build-isolation", "-e", ROOT)


def _make_environment() -> None:
    try:
        subprocess.run(
            [sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], check=True, stdout=subprocess.DEVNULL
        )
    except subprocess.CalledProcessError:
        raise Lacking(
            "Python cannot make an environment here. On Debian or Ubuntu: apt-get install python3-venv"
        ) from None


def _works(*command: str | Path) -> bool:
    """Tell whether a program is there and starts."""
    try:
        return not subprocess.run(
            [*map(str, command), "--version"], capture_output=True, timeout=30
        ).returncode
    except (OSError, subprocess.TimeoutExpired):
        return False


def _do(*command: str | Path, timeout: float | None = None) -> None:
    """Run a program in the root of the repository, and stop with its status where it fails."""
    status = subprocess.run([str(part) for part in command], cwd=ROOT, timeout=timeout).returncode
    if status:
        raise SystemExit(status)


# ------------------------------------------------------------------ what the browser tests need


def find_browser() -> str | None:
    """Return the path of a Chromium that starts: of the system first, else one Playwright downloaded."""
    for name in BROWSERS:
        found = shutil.which(name)
        if found and _works(found):
            return found
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        downloaded = playwright.chromium.executable_path
    return downloaded if _works(downloaded) else None


def has_chinese_font() -> bool:
    """Tell whether pages in Chinese can be drawn."""
    try:
        fonts = subprocess.run(["fc-list", ":lang=zh"], capture_output=True, timeout=60)
    except OSError:
        return False
    return bool(fonts.stdout.strip())


def provide_browser() -> None:
    """Find or install a browser and a Chinese font. Runs inside `.venv`.

    Raises:
        Lacking: there is none, and none could be had.
    """
    if find_browser() is None:
        print("No Chromium on this machine: downloading one", flush=True)
        _attempt(sys.executable, "-m", "playwright", "install", "chromium")
    if find_browser() is None:
        _install_package("chromium")
    if find_browser() is None:
        raise Lacking(
            "The browser tests need Chromium: install the package chromium, or google-chrome, and run this again."
        )
    if not has_chinese_font():
        print("No font for Chinese on this machine: installing one", flush=True)
        _install_package("fontconfig", "fonts-noto-cjk")
    if not has_chinese_font():
        raise Lacking(
            "The browser tests need a font for Chinese: install fonts-noto-cjk (and fontconfig) and run this again."
        )


def _install_package(*names: str) -> None:
    """Install Debian packages where that is possible: as root, with apt-get."""
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        _attempt("apt-get", "update", "-qq", environment=quiet)
        _attempt("apt-get", "install", "-y", "-qq", "--no-install-recommends", *names, environment=quiet)


def _attempt(*command: str, environment: dict[str, str] | None = None) -> None:
    """Run a program that may fail: whether it helped is looked at afterwards."""
    try:
        subprocess.run(
            command,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=DOWNLOAD_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return


# ------------------------------------------------------------------ the tasks


def run(arguments: list[str]) -> None:
    """Set up what is missing and serve the web chat: python tasks.py run [options of `tada serve`]."""
    prepare("requirements.txt")
    _do(BINARIES / "tada", "init")
    _hand_over(BINARIES / "tada", "serve", *arguments)


def demo(arguments: list[str]) -> None:
    """Fill the instance with invented cases and colleagues: python tasks.py demo [options of `tada demo`]."""
    prepare("requirements.txt")
    _do(BINARIES / "tada", "init")
    _hand_over(BINARIES / "tada", "demo", *arguments)


def test(arguments: list[str]) -> None:
    """Set up what is missing and pass every test: python tasks.py test [options of pytest]."""
    prepare("requirements-dev.txt")
    _do(BINARIES / "python", ROOT / "tasks.py", "browser")
    # More than there are cores, for some wait: for a browser, a lock, a program that starts. Each costs a start of its own.
    at_once = min((3 * (os.cpu_count() or 1) + 1) // 2, 8)
    # Each begins with tests that stand beside each other, so that one of them needs a browser and not all.
    spread = ["-n", str(at_once), "--dist", "worksteal"]
    _hand_over(BINARIES / "python", "-m", "pytest", *(arguments or spread))


def check(arguments: list[str]) -> None:
    """Lint, look at the formatting, and check types and catalogues."""
    prepare("requirements-dev.txt")
    _do(BINARIES / "ruff", "check", "--quiet", ".")
    _do(BINARIES / "ruff", "format", "--check", "--quiet", ".")
    _do(BINARIES / "mypy", "--strict", ".")


def bench(arguments: list[str]) -> None:
    """Measure the path of a message against the ceiling: python tasks.py bench [options of benchmarks]."""
    prepare("requirements-dev.txt")
    _hand_over(BINARIES / "python", "-m", "benchmarks", *arguments)


def contracts(arguments: list[str]) -> None:
    """Hold us to the providers' own specifications: python tasks.py contracts FOLDER [options of pytest].

    Raises:
        Lacking: no folder is named, or it is none of specifications and samples.
    """
    folder, *options = arguments or [""]
    if not folder or not (Path(folder) / "samples").is_dir():
        raise Lacking(
            "Name the folder of the providers' specifications and samples: make contracts CONTRACTS=<folder>"
        )
    os.environ["TADA_CONTRACTS"] = str(Path(folder).resolve())
    prepare("requirements-dev.txt")
    _hand_over(BINARIES / "python", "-m", "pytest", "tests/contracts", *options)


def clean(arguments: list[str]) -> None:
    """Remove the environment and all caches. What people wrote, in `var/`, stays."""
    for name in (
        ".venv",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".hypothesis",
        "build",
        "tada.egg-info",
    ):
        shutil.rmtree(ROOT / name, ignore_errors=True)


def browser(arguments: list[str]) -> None:
    """Find or install the browser and the font that the tests need. Called by `test`."""
    provide_browser()


def _hand_over(program: Path, *arguments: str) -> None:
    """Become another program, so that its signals and its status are ours."""
    os.chdir(ROOT)
    if os.name == "nt":
        raise SystemExit(subprocess.run([str(program), *arguments]).returncode)
    sys.stdout.flush()
    os.execv(str(program), [str(program), *arguments])


TASKS = {task.__name__: task for task in (run, demo, test, check, bench, contracts, clean, browser)}


def main() -> None:
    if sys.version_info < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        sys.exit(
            f"tada needs Python {oldest} or newer; this is {sys.version.split()[0]}. Try: make PYTHON=python{oldest}"
        )
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="options for what the task runs")
    arguments = parser.parse_args()
    # Many containers ask Python to keep no bytecode: each program would be compiled anew whenever it is started.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    try:
        TASKS[arguments.task](arguments.rest)
    except Lacking as lacking:
        sys.exit(str(lacking))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
