"""Bar charts as SVG, for light and dark pages."""

from xml.sax.saxutils import escape

# Pixels.
WIDTH, LABELS, VALUES = 820, 270, 60
BAR, GAP, HEAD = 14, 8, 56
STYLE = """\
  .page { fill: #ffffff; } text { font: 12px system-ui, sans-serif; fill: #1f2328; } .title { font-weight: 600; }
  .line { stroke: #d1d9e0; } .bar0 { fill: #0969da; } .bar1 { fill: #bc6a00; } .bar2 { fill: #6e7781; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117; } text { fill: #e6edf3; } .line { stroke: #3d444d; }
    .bar0 { fill: #4493f8; } .bar1 { fill: #d29922; } .bar2 { fill: #9198a1; }
  }"""


def bars(title: str, series: list[str], rows: dict[str, list[float]]) -> str:
    """Returns a chart with a group of horizontal bars for each row: one bar for each series."""
    most = max(max(values) for values in rows.values())
    group = BAR * len(series) + GAP
    height = HEAD + group * len(rows) + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">',
        f"<title>{escape(title)}</title>",
        f"<style>\n{STYLE}\n</style>",
        f'<rect class="page" width="{WIDTH}" height="{height}" rx="6"/>',
        text(GAP, 20, title, "title"),
    ]
    for number, name in enumerate(series):
        left = LABELS + 120 * number
        parts += [f'<rect class="bar{number}" x="{left}" y="31" width="10" height="10"/>', text(left + 15, 40, name)]
    for row, (label, values) in enumerate(rows.items()):
        top = HEAD + group * row
        parts.append(text(LABELS - GAP, top + BAR * len(series) / 2 + 4, label, anchor="end"))
        for number, value in enumerate(values):
            y = top + BAR * number
            length = max(1, value / most * (WIDTH - LABELS - VALUES))
            parts.append(f'<rect class="bar{number}" x="{LABELS}" y="{y}" width="{length:.1f}" height="{BAR - 2}"/>')
            parts.append(text(LABELS + length + 5, y + BAR - 2, f"{value:.3g}"))
    parts.append(f'<line class="line" x1="{LABELS}" y1="{HEAD - 4}" x2="{LABELS}" y2="{height - GAP}"/>')
    return "\n".join([*parts, "</svg>", ""])


def text(x: float, y: float, content: str, style: str = "", anchor: str = "start") -> str:
    chosen = f' class="{style}"' if style else ""
    return f'<text{chosen} x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{escape(content)}</text>'
