"""What is known of a model without running it: kept in its record, listed, and shown.

The conversion process finds the facts in a stranger's file, so whoever reads them checks types and
counts (``checks.py``). There is one spelling of them as JSON, in the messages of that process, in
records, and in ``/-/models.json``.
"""
