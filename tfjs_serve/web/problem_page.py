"""The page for a person who opens a URL that cannot be answered. Pure."""

from __future__ import annotations

from html import escape

from tfjs_serve.web.problems import Problem
from tfjs_serve.web.templates import page, render, sentence, with_code
from tfjs_serve.web.urls import page_url


def problem_page(problem: Problem) -> str:
    """Return the page for a person who opened a URL that is answered with `problem`."""
    reasons = [
        f"{one['layerPath']} ({one['className']}): {one['message']} {one['hint']}"
        for one in problem.members.get("problems", ())
    ]
    candidates = [
        f'<li><a href="{escape(page_url(name))}">{escape(name)}</a></li>'
        for name in problem.members.get("candidates", ())
    ]
    lines = [
        f"<p>{escape(sentence(problem.detail))}</p>",
        f"<ul>{''.join(f'<li>{escape(reason)}</li>' for reason in reasons)}</ul>" * bool(reasons),
        f"<ul>{''.join(candidates)}</ul>" * bool(candidates),
        with_code(*(str(problem.members.get(key, "")) for key in ("hint", "line"))),
    ]
    main = render("problem.html", title=escape(problem.title), lines="\n".join(lines))
    return page(f"{problem.title} · tfjs-serve", main)
