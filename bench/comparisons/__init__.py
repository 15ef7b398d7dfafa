"""The comparisons of ``compare.py``, one file each: what is measured, and against whom."""
