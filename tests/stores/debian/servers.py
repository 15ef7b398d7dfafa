"""Runs servers of OpenStack Swift, with the Python that has Swift; Linux only.

    python3 servers.py FOLDER NAME...

Each NAME is a server, such as ``object``, whose configuration is ``FOLDER/NAME.conf``; ``object-2``
is one of objects, too. Each is a process, which ends when this one does, however that happens.
"""

import ctypes
import os
import signal
import sys
import warnings

warnings.simplefilter("ignore")

from swift.common import utils  # noqa: E402
from swift.common.wsgi import run_wsgi  # noqa: E402

PR_SET_PDEATHSIG = 1


def main(folder: str, names: list[str]) -> None:
    for name in names:
        if os.fork() == 0:
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            utils.set_swift_dir(folder)
            os._exit(run_wsgi(f"{folder}/{name}.conf", f"{name.partition('-')[0]}-server"))
    os.wait()  # none ends before this process does, unless it fails


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
