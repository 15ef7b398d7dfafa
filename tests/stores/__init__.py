"""Real object stores on this machine, for tests and for ``bench/``: OpenStack Swift and Azurite."""
