"""Repeatable attacks on the running server.

``python -m tests.fuzz files`` and ``python -m tests.fuzz requests`` run long campaigns; short ones
are among the tests. Every case is made of a seed and its number alone.
"""
