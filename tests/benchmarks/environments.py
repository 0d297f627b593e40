"""The peers' own virtual environments, made once.

HIPS autograd has one to itself: its import name is this project's too. A peer
that does not install is remembered with pip's reason, for the table to say so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

TORCH = "2.13.0"

# On Linux, PyPI's own torch wheels bring gigabytes of CUDA: take those without,
# from pip's own indexes where they have them, else from PyTorch's.
CPU_ONLY = [
    [f"torch=={TORCH}+cpu"],
    [
        f"torch=={TORCH}+cpu",
        "--extra-index-url=https://download.pytorch.org/whl/cpu",
    ],
]

PEERS = {
    "micrograd": [["micrograd"]],
    "minigrad": [["minigrad"]],
    "xad": [["xad"]],
    "casadi": [["casadi"]],
    "torch": CPU_ONLY if sys.platform == "linux" else [[f"torch=={TORCH}"]],
    "jax": [["jax"]],
    "array-api-compat": [["array-api-compat"]],  # for programs on torch's arrays
}
HIPS = {"autograd": [["autograd"]]}

VERSIONS = """
import importlib.metadata as m, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = m.version(name)
    except m.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


class Environment:
    """A virtual environment with peers.

    Args:
        directory: where it is, or will be made.
        packages: for each distribution that it is to have, pip's arguments, and
            further ones to try when those fail.

    ``versions`` says what it has, ``failures`` why it lacks the rest.
    """

    def __init__(self, directory: Path, packages: dict[str, list[list[str]]]) -> None:
        binaries = "Scripts" if os.name == "nt" else "bin"
        self.python = directory / binaries / "python"
        self.versions: dict[str, str] = {}
        self.failures: dict[str, str] = {}
        if not self.python.exists():
            print(f"== making {directory}", file=sys.stderr)
            made = _run(sys.executable, "-m", "venv", str(directory))
            if made.returncode:
                shutil.rmtree(directory, ignore_errors=True)
                self.failures = dict.fromkeys(packages, _last_line(made))
                return
        self.versions = self._installed(packages)
        for name, attempts in packages.items():
            version = self.versions.get(name, "").partition("+")[0]
            if not version or (name == "torch" and version != TORCH):
                self._install(name, attempts)
        self.versions = self._installed(packages)

    def _installed(self, packages: dict[str, list[list[str]]]) -> dict[str, str]:
        found: dict[str, str] = json.loads(
            _run(str(self.python), "-c", VERSIONS, *packages).stdout
        )
        return found

    def _install(self, name: str, attempts: list[list[str]]) -> None:
        pip = (str(self.python), "-m", "pip", "install", "--quiet")
        for arguments in attempts:
            print(f"== pip install {' '.join(arguments)}", file=sys.stderr)
            done = _run(*pip, "--disable-pip-version-check", *arguments)
            if not done.returncode:
                return
        self.failures[name] = _last_line(done)


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    return lines[-1] if lines else f"exit status {done.returncode}"


def peers() -> Environment:
    """micrograd, minigrad, xad, casadi, torch, jax; ``AUTOGRAD_PEERS`` moves it."""
    return Environment(_directory("AUTOGRAD_PEERS", ".venv-peers"), PEERS)


def hips() -> Environment:
    """HIPS autograd by itself; ``AUTOGRAD_HIPS`` moves it."""
    return Environment(_directory("AUTOGRAD_HIPS", ".venv-hips"), HIPS)


def _directory(variable: str, default: str) -> Path:
    return Path(os.environ.get(variable) or ROOT / default).absolute()
