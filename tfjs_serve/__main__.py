"""``python -m tfjs_serve`` is the ``tfjs-serve`` command."""

from tfjs_serve.cli import main

if __name__ == "__main__":
    main()
