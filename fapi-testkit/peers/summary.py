"""Prints what the runs found: a table of counts, and the failures of each run by severity.

Usage: summary.py REPORT.json...
"""

import json
import sys
import textwrap
from pathlib import Path

SEVERITIES = ["critical", "high", "medium", "low"]


def main(paths: list[Path]) -> None:
    reports = {path.stem: json.loads(path.read_text()) for path in paths}
    width = max(map(len, reports), default=0)
    print(f"{'peer':{width}}  attacks refused  honest accepted  failed  skipped")
    for peer, report in reports.items():
        counts = report["summary"]
        attacks, honest = (f"{score['passed']}/{score['tried']}" for score in (counts["attacks"], counts["acceptances"]))
        print(f"{peer:{width}}  {attacks:>15}  {honest:>15}  {counts['failed']:6}  {counts['skipped']:7}")
    for peer, report in reports.items():
        if not report["summary"]["failed"]:
            continue
        print(f"\n{peer}: failures")
        for severity in SEVERITIES:
            print_failures(severity, report["outcomes"])


def print_failures(severity: str, outcomes: list[dict]) -> None:
    ids = [outcome["id"] for outcome in outcomes if outcome["verdict"].get("severity") == severity]
    if ids:
        indent = " " * 11
        text = " ".join(ids)
        lines = textwrap.fill(text, 120, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
        print(f"  {severity:8} {lines.lstrip()}")


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
