"""Turns a JUnit file of irctest into the table of passed, failed and skipped cases by module, with the reasons."""

import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter, defaultdict

PREFIX = "irctest.server_tests."

HEADER = """\
# Conformance

How chatd does in irctest (`progval/irctest`), the independent suite for IRC servers: its vendor-neutral cases that
are not deprecated. Made by `tests/irctest/run --update`. A skipped case is one that does not apply, because chatd
does not (yet) offer the thing; it counts as not passed.
"""


def module(classname: str) -> str:
    parts = classname.removeprefix(PREFIX).split(".")
    return "/".join(part for part in parts if not part[0].isupper())


def outcome(case: ElementTree.Element) -> tuple[str, str]:
    for kind in ("failure", "error"):
        found = case.find(kind)
        if found is not None:
            return "failed", shorten(found.get("message", ""))
    skipped = case.find("skipped")
    if skipped is not None:
        return "skipped", shorten(skipped.get("message", ""))
    return "passed", ""


def shorten(message: str) -> str:
    line = message.strip().split("\n", 1)[0]
    return re.sub(r"\s+", " ", line).replace("|", "\\|")[:160]


def main() -> None:
    counts: dict[str, Counter] = defaultdict(Counter)
    skipped: dict[str, Counter] = defaultdict(Counter)
    failed: dict[str, tuple[str, str]] = {}
    for case in ElementTree.parse(sys.argv[1]).iter("testcase"):
        classname = case.get("classname", "")
        if not classname.startswith(PREFIX):
            continue
        name = module(classname)
        kind, reason = outcome(case)
        counts[name][kind] += 1
        if kind == "skipped":
            skipped[reason][name] += 1
        elif kind == "failed":
            failed[f"{name} {case.get('name')}"] = (kind, reason)

    total = sum(counts.values(), Counter())
    print(HEADER)
    print(f"**{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped.**\n")
    print("| module | passed | failed | skipped |\n|---|---:|---:|---:|")
    for name in sorted(counts):
        row = counts[name]
        print(f"| {name} | {row['passed']} | {row['failed']} | {row['skipped']} |")
    if failed:
        print("\n## Failed\n\n| case | says |\n|---|---|")
        for name, (_, reason) in sorted(failed.items()):
            print(f"| {name} | {reason} |")
    print("\n## Skipped\n\n| the suite's reason | cases | in |\n|---|---:|---|")
    for reason, modules in sorted(skipped.items(), key=lambda item: -sum(item[1].values())):
        print(f"| {reason} | {sum(modules.values())} | {', '.join(sorted(modules))} |")


if __name__ == "__main__":
    main()
