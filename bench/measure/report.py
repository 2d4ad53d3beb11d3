"""Renders the tables and plots of docs/PERFORMANCE.md from bench/results."""

import pathlib
import re
from types import ModuleType

from functions import ROOT

from measure.results import described, load
from measure.targets import targets

DOCUMENT = ROOT / "docs/PERFORMANCE.md"
PLOTS = ROOT / "docs/performance"


def section(part: str, module: ModuleType, results: pathlib.Path) -> str:
    """Returns the text of a part, and writes its plots."""
    result = load(results, part)
    if result is None:
        return f"Not measured yet: `bench/run {part}`."
    lines = [described(result)]
    for name, svg in module.plots(result).items():
        PLOTS.mkdir(exist_ok=True)
        (PLOTS / f"{name}.svg").write_text(svg)
        lines.append(f"![{re.search('<title>(.*)</title>', svg)[1]}]({PLOTS.name}/{name}.svg)")  # type: ignore[index]
    return "\n\n".join([*lines, module.tables(result).strip()])


def render(parts: dict[str, ModuleType], results: pathlib.Path) -> None:
    """Replaces what is between the markers of each part."""
    text = DOCUMENT.read_text()
    sections = {part: section(part, module, results) for part, module in parts.items()}
    for name, content in {"targets": targets(results), **sections}.items():
        begin, end = f"<!-- bench/run: {name} -->\n", f"<!-- end of {name} -->\n"
        before, found, rest = text.partition(begin)
        _, also_found, after = rest.partition(end)
        if not found or not also_found:
            raise SystemExit(f"{DOCUMENT} has no markers for {name}")
        text = f"{before}{begin}\n{content}\n\n{end}{after}"
    DOCUMENT.write_text(text)
