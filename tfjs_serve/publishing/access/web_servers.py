"""What web servers are told about a folder of models. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from tfjs_serve.media_types import IMMUTABLE, REVALIDATE
from tfjs_serve.publishing.access.model import ANY

_WEIGHTS = r"weights\.[0-9a-f]{32}"
"""Names of weights that change with their bytes; not ``weights.bin``, which others write."""


def nginx_lines(origins: Sequence[str]) -> str:
    """Return what goes into a ``server`` of nginx; with several origins, a ``map`` before it."""
    if ANY in origins:
        start, allow = "", "add_header Access-Control-Allow-Origin *;"
    else:
        named = "".join(f'    "{origin}" $http_origin;\n' for origin in origins)
        mapped = f"map $http_origin $model_origin {{\n{named}}}\n"
        start = f"# Outside of server:\n{mapped}\n# Inside of it:\n"
        allow = "add_header Access-Control-Allow-Origin $model_origin;\nadd_header Vary Origin;"
    return (
        f"{start}location /models/ {{\n"
        f"{_indented(allow)}"
        f"    add_header Cache-Control {REVALIDATE};\n"
        "    gzip on;\n"
        "    gzip_types application/json;\n"
        "\n"
        "    # add_header is not inherited by a location that has one of its own.\n"
        f'    location ~ "{_WEIGHTS}" {{\n'
        f"{_indented(allow, 2)}"
        f'        add_header Cache-Control "{IMMUTABLE}";\n'
        "    }\n"
        "}\n"
    )


def caddy_lines(origins: Sequence[str]) -> str:
    """Return what goes into a site of Caddy."""
    if ANY in origins:
        allow = "header Access-Control-Allow-Origin *\n"
    else:
        named = "".join(f"    header Origin {origin}\n" for origin in origins)
        allow = (
            f"@allowed {{\n{named}}}\n"
            "header @allowed Access-Control-Allow-Origin {header.Origin}\n"
            "header +Vary Origin\n"
        )
    return (
        f"@weights path_regexp {_WEIGHTS}\n"
        f"{allow}"
        f'header @weights Cache-Control "{IMMUTABLE}"\n'
        "# With a question mark: without it, this would replace the line above, in whichever order "
        "they are.\n"
        f"header ?Cache-Control {REVALIDATE}\n"
        "encode gzip\n"
        "file_server\n"
    )


def _indented(lines: str, levels: int = 1) -> str:
    return "".join(f"{'    ' * levels}{line}\n" for line in lines.splitlines())
