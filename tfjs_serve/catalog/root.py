"""Whether a folder can be the one whose models are served."""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.errors import SettingsError
from tfjs_serve.settings import ServerSettings


def check_folders(settings: ServerSettings) -> None:
    """Raise :class:`SettingsError` unless the models folder can be watched."""
    folder = settings.models_dir
    try:
        next(folder.iterdir(), None)
    except FileNotFoundError as error:
        hint = "create it, or give the folder that your models are in"
        raise SettingsError(f"there is no folder {str(folder)!r}", hint=hint) from error
    except NotADirectoryError as error:
        hint = (
            f"serve its folder (tfjs-serve {str(folder.parent)!r}), "
            f"or convert the file (tfjs-serve convert {str(folder)!r} OUT)"
        )
        raise SettingsError(f"{str(folder)!r} is a file, not a folder", hint=hint) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        message = f"the folder {str(folder)!r} cannot be read: {reason}"
        raise SettingsError(message, hint="check its permissions") from error
    # Check again with all links resolved, because the settings compare only spellings.
    replace(settings, models_dir=folder.resolve(), cache_dir=settings.cache_dir.resolve())
