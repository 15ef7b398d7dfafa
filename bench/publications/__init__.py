"""What is measured and tried with published models, one module each; see ``publishing.py``."""
