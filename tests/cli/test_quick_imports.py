from __future__ import annotations

import gc
import subprocess
import sys

from tfjs_serve.cli.quick_imports import quick_imports

LOADED = """
import sys
from tfjs_serve.cli.group import command_line
command_line.get_command(None, "serve")
print(*({"_ssl", "rich", "watchdog", "h5py", "numpy"} & set(sys.modules)))
import ssl
"""


def test_a_server_starts_without_what_its_first_answers_do_not_need():
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_nothing_is_different_for_those_who_have_ssl():
    import ssl

    with quick_imports():
        assert sys.modules["ssl"] is ssl
        assert not gc.isenabled()
    assert sys.modules["ssl"] is ssl
    assert gc.isenabled()
