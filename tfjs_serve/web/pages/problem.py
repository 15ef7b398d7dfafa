"""The page for a person who opens a URL that cannot be answered. Pure."""

from __future__ import annotations

from tfjs_serve.web.pages.templates import render
from tfjs_serve.web.problems import Problem
from tfjs_serve.web.urls import page_url


def problem_page(problem: Problem) -> str:
    """Return the page for a person who opened a URL that is answered with `problem`."""
    members = problem.members
    return render(
        "problem",
        problem=problem,
        reasons=members.get("problems", ()),
        candidates={name: page_url(name) for name in members.get("candidates", ())},
        hint=str(members.get("hint", "")),
        line=str(members.get("line", "")),
    )
