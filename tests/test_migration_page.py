"""``docs/migration.md`` names each flag of the official converter, and only options that exist."""

from __future__ import annotations

import re
from pathlib import Path

from tfjs_serve.cli.convert import convert
from tfjs_serve.cli.formats import INPUT_FORMATS, OUTPUT_FORMATS

PAGE = (Path(__file__).parents[1] / "docs" / "migration.md").read_text(encoding="utf-8")
OFFICIAL = {
    *("--input_format", "--output_format", "--signature_name", "--saved_model_tags"),
    *("--quantize_float16", "--quantize_uint8", "--quantize_uint16", "--quantization_bytes"),
    *("--split_weights_by_layer", "--version", "-v", "--help", "-h", "--skip_op_check"),
    *("--strip_debug_ops", "--use_structured_outputs_names", "--weight_shard_size_bytes"),
    *("--output_node_names", "--control_flow_v2", "--experiments", "--metadata"),
}
"""All that ``tensorflowjs_converter --help`` of version 4.22 lists."""


def table(heading: str) -> list[list[str]]:
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split("|") for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows[1:]]


def test_each_flag_of_the_official_converter_is_beside_ours() -> None:
    told = {flag for row in table("Flags") for flag in re.findall(r"`(--?\w+)`", row[0])}
    assert told == OFFICIAL


def test_each_flag_is_taken() -> None:
    ours = {name.replace("-", "_") for param in convert.params for name in param.opts}
    ours |= {"__help", "_h"}
    assert {flag.replace("-", "_") for flag in OFFICIAL} <= ours


def test_each_option_on_the_page_exists() -> None:
    text = PAGE.replace("_", "-")
    known = {name.replace("_", "-") for param in convert.params for name in param.opts}
    told = set(re.findall(r"(?<![\w`])--[a-z][\w-]*|(?<=`)--[a-z][\w-]*", text))
    assert told <= {*known, "--help"}


def test_each_format_is_told() -> None:
    told = {name for row in table("Formats") for name in re.findall(r"`(\w+)`", row[0])}
    assert told == {*INPUT_FORMATS, *OUTPUT_FORMATS} - {"auto"}
