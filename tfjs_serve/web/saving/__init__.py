"""Saving from a page: who may, what a request holds, and what its answer is."""
