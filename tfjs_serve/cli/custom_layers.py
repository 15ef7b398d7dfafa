"""Which layer classes a JavaScript file registers."""

from __future__ import annotations

import re
from pathlib import Path

from tfjs_serve.errors import SettingsError

_QUOTED = r"""['"`]([^'"`]+)['"`]"""
_CLASS_NAMES = (
    # static className = 'Name'; Name.className = 'Name'; static get className() { return 'Name'; }
    re.compile(rf"className\s*=\s*{_QUOTED}"),
    re.compile(rf"className\s*\(\s*\)\s*{{\s*return\s*{_QUOTED}"),
)


def registered_classes(path: Path) -> list[str]:
    """Return the names under which a file registers layers: their ``className``.

    The file is searched, not run: TF.js finds classes by this name (``SerializationMap`` in
    ``tfjs-core/src/serialization.ts``), which is written as a string in practice.

    Raises
    ------
    SettingsError
        The file cannot be read, or contains no such name.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        message = f"{str(path)!r} cannot be read: {error.strerror or error}"
        raise SettingsError(message, hint="give a JavaScript file") from error
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"{str(path)!r} is not a text in UTF-8", hint="give a JavaScript file"
        ) from error
    names = [name for pattern in _CLASS_NAMES for name in pattern.findall(text)]
    if not names:
        raise SettingsError(
            f"{str(path)!r} registers no layer",
            hint="give each class a line such as: static className = 'MyLayer';",
        )
    return names
