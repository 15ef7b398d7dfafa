"""The exit codes of the command; it exits with 0 when everything went well."""

USAGE_EXIT_CODE = 2
FAILURE_EXIT_CODE = 1
INTERRUPTED_EXIT_CODE = 130
"""What shells report for a program that SIGINT ended."""
TERMINATED_EXIT_CODE = 143
"""The same for SIGTERM."""


class Terminated(Exception):  # noqa: N818 - somebody asked for it, so it is no error
    """The command was ended by SIGTERM."""
