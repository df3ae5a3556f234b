"""A picture of how films match a query over time, as SVG that needs no other file."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from contrapposto.records import Hit
from contrapposto.search.timeline import Timeline
from contrapposto.text import clock, path_text

WIDTH, LEFT, RIGHT, ROW, TOP = 1000, 20, 20, 130, 30
"""Pixels: of the picture, its margins, a film's row, and what is above the curve in a row."""

STEPS = 960
"""Places along a film at which its match is drawn."""

TICKS = 8


def timeline_svg(timelines: Sequence[Timeline], hits: Sequence[Hit]) -> str:
    """One row a film: the best match of anybody in it over time, the borders of its shots, and the answers."""
    height = ROW * max(1, len(timelines)) + 10
    rows = [_row(line, ROW * number, hits) for number, line in enumerate(timelines)]
    if not timelines:
        rows = ['<text x="20" y="40">No film is among the answers.</text>']
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="12">'
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>{"".join(rows)}</svg>\n'
    )


def _row(line: Timeline, top: int, hits: Sequence[Hit]) -> str:
    low, high = top + ROW - 24, top + TOP
    span = WIDTH - LEFT - RIGHT

    def across(seconds: float) -> float:
        return LEFT + span * min(1.0, seconds / line.duration if line.duration else 0.0)

    parts = [f'<text x="{LEFT}" y="{top + 18}" font-weight="bold">{escape(path_text(line.path))}</text>']
    parts += [
        f'<line x1="{across(shot.start):.1f}" x2="{across(shot.start):.1f}" y1="{high}" y2="{low}" stroke="#bbb">'
        f"<title>shot {shot.number} ({shot.kind}), {clock(shot.start)} to {clock(shot.end)}</title></line>"
        for shot in line.shots
    ]
    curve = line.over_time(STEPS)
    points = [
        f"{LEFT + span * (place + side) / STEPS:.1f},{low - (low - high) * match:.1f}"
        for place, match in enumerate(curve)
        for side in (0, 1)
    ]
    parts.append(
        f'<polygon points="{LEFT},{low} {" ".join(points)} {LEFT + span},{low}" fill="#2e9e5b" fill-opacity="0.5" '
        'stroke="#2e9e5b" stroke-width="0.7"/>'
    )
    for rank, hit in enumerate(hits, start=1):
        if hit.time is not None and line.path in (hit.path, *hit.copies):
            place = across(hit.time)
            parts.append(
                f'<path d="M{place:.1f} {high - 2} l-4 -7 h8 z" fill="#d9480f"><title>answer {rank}, match '
                f"{hit.match:.2f}, at {clock(hit.time)}</title></path>"
            )
    parts.append(f'<line x1="{LEFT}" x2="{LEFT + span}" y1="{low}" y2="{low}" stroke="#333"/>')
    for tick in range(TICKS + 1):
        seconds = line.duration * tick / TICKS
        anchor = "start" if tick == 0 else "end" if tick == TICKS else "middle"
        parts.append(
            f'<text x="{across(seconds):.1f}" y="{low + 15}" text-anchor="{anchor}" fill="#555">{clock(seconds)}'
            "</text>"
        )
    return "".join(parts)
