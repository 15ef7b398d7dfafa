"""The machine that measures, in words that fit another one like it."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

_VERSIONS = {
    "nginx": ("nginx", "-v"),
    "Caddy": ("caddy", "version"),
    "Node": ("node", "--version"),
    "Chromium": ("chromium", "--version"),
}


def machine_in_words() -> str:
    """Return cores, memory, system, and the versions of what was measured; no names of hosts."""
    cores = f"{os.cpu_count()} cores{_processor()}, {_memory_gb()} GB of memory"
    system = f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}"
    python = f"Python {platform.python_version()}"
    versions = [f"{name} {version}" for name, version in _versions()]
    return ", ".join([cores, system, python, *versions])


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""
    found = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    return f" ({found[1]})" if found else ""


def _memory_gb() -> int:
    if not hasattr(os, "sysconf"):
        return 0
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9)


def _versions() -> list[tuple[str, str]]:
    found = []
    for name, command in _VERSIONS.items():
        if shutil.which(command[0]):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            version = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
            found += [(name, version[0])] if version else []
    return found
