"""The HTML pages: what they show, decided in pure functions, and their templates."""
