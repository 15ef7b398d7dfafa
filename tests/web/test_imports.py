from __future__ import annotations

import subprocess
import sys


def test_the_server_process_never_loads_hdf5() -> None:
    code = (
        "import sys, tfjs_serve.web.app\n"
        "print([name for name in ('h5py', 'numpy', 'tfjs_serve.conversion',"
        " 'tfjs_serve.keras_files') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
