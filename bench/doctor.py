"""Make deployments with one fault each, and good ones, and print what the doctor says of them.

    python bench/doctor.py [URL...] [--origin ORIGIN]

URLs are of deployments in which nothing is to be found, such as real ones. Nothing is measured; the
exit code is 1 if a fault is not named, or something else is.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.doctor.showcase import Deployment, is_right, with_fault, without_fault
from tfjs_serve.doctor.examination import Thoroughness, examine
from tfjs_serve.doctor.model import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A deployment, and what was said of it."""

    deployment: Deployment
    told: Sequence[str]

    @property
    def is_right(self) -> bool:
        """Whether the fault was named, and nothing else."""
        return is_right(self.deployment, [*self.told])

    @property
    def verdict(self) -> str:
        """Whether the doctor was right, in words."""
        if self.deployment.code and self.deployment.code not in self.told:
            return "MISSED"
        if not self.is_right:
            return "FALSE ALARM"
        return "named" if self.deployment.code else "well"


async def rows(deployments: Iterable[Deployment]) -> list[Row]:
    """Have the doctor look at each."""
    return [Row(deployment=one, told=await one.told()) for one in deployments]


async def real_rows(urls: Iterable[str], origin: str) -> list[Row]:
    """Have the doctor look at real deployments, in which nothing is to be found."""
    found = []
    for url in urls:
        findings = (await examine(url, Page(origin=origin), Thoroughness(is_deep=True))).findings
        told = [one.code for one in (*findings.faults, *findings.warnings)]
        found.append(Row(deployment=Deployment(title=url), told=told))
    return found


def table(found: Sequence[Row]) -> str:
    """Return the rows as a table, and how many are right below it."""
    lines = ["| deployment | what the doctor says | verdict |", "|---|---|---|"]
    for row in found:
        told = ", ".join(f"`{code}`" for code in row.told) or "nothing"
        lines.append(f"| {row.deployment.title} | {told} | {row.verdict} |")
    faulty = [row for row in found if row.deployment.code]
    named = sum(row.verdict == "named" for row in faulty)
    alarms = sum(row.verdict == "FALSE ALARM" for row in found)
    kinds = len({row.deployment.code for row in faulty})
    good = len(found) - len(faulty)
    lines.append(
        f"\n{named} of {len(faulty)} faults of {kinds} kinds named; {good} good deployments; "
        f"{alarms} false alarms"
    )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("urls", metavar="URL", nargs="*")
    parser.add_argument("--origin", default="")
    arguments = parser.parse_args()

    async def all_rows() -> list[Row]:
        made = await rows([*with_fault(), *without_fault()])
        return [*made, *await real_rows(arguments.urls, arguments.origin)]

    found = asyncio.run(all_rows())
    print(table(found))
    sys.exit(0 if all(row.is_right for row in found) else 1)


if __name__ == "__main__":
    main()
