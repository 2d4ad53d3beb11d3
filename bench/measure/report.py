"""Renders the tables and plots of docs/PERFORMANCE.md from bench/results."""

import pathlib
import re
from types import ModuleType

from functions import ROOT

from measure.results import described, load, table
from measure.subjects import EMPTY

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


def targets(results: pathlib.Path) -> str:
    """Returns what signin and the hash should reach, and what they reach."""
    starts, hashed = load(results, "start"), load(results, "hash")
    if not starts or not hashed:
        return "Not measured yet: `bench/run start hash`."
    wall, memory = ({row["name"]: row[field] for row in starts["rows"] if row["engines"] == "recorded"}
                    for field in ("wall_ms", "resident_mb"))  # fmt: skip
    hashes = {row["name"]: row["ms"] for row in hashed["rows"] if row["cost"] == 12}
    reached = [
        ("cold start of `signin`, relative to the empty function", 2.0, wall["signin"] / wall[EMPTY]),
        ("MB of memory of `signin`", 8.0, memory["signin"]),
        ("MB of the zip of `signin`", 3.0, starts["sizes"]["signin"]["zip_mb"]),
        ("hash at cost 12, relative to libxcrypt", 1.1, hashes["ours"] / hashes["libxcrypt"]),
    ]
    cells = [[what, f"{most:.1f}", f"{value:.2f}", "yes" if value <= most else "no"] for what, most, value in reached]
    return table(["target", "at most", "measured", "reached"], cells).strip()


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
