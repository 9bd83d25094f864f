"""A run as one HTML file to share: its curves, drawn by Plotly, with all changes marked."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...errors import Invalid
from ...store.curves.chunks import Curve
from ...store.curves.downsample import Downsampled, downsample
from ...store.curves.smoothing import smoothed
from ...store.event_summary import shown_step, summarize, when
from .markdown import (
    CONVENTION,
    best_text,
    event_rows,
    is_shown,
    later_reasons,
    reason_of,
    setting_rows,
)

Json = dict[str, Any]
COST = "train/cost"
SMOOTH_STEPS = 20
POINTS = 2_000  # of one curve; extremes are kept
MARKED = ("changed", "guard_tripped", "note_added", "recovered")
ROWS = (  # title, logarithmic, series
    ("Cost", False, (COST, "val/cost")),
    ("Learning curves", False, ()),  # all other measurements of the task
    ("Learning rate", True, ("learning_rate",)),
    ("Momentum", False, ("momentum",)),
)
COLOURS = {"train": "#1D4ED8", "val": "#D37503"}
OTHER_COLOUR = "#003700"
BAND_COLOUR = "rgba(29, 78, 216, 0.15)"
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 14px/20px system-ui; margin: 24px auto; max-width: 1100px }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums }}
th, td {{ padding: 4px 16px 4px 0; border-bottom: 1px solid #dfe3ea; text-align: left }}
th {{ font-weight: 500; color: #565f6f }}
@page {{ size: A4; margin: 14mm }}
@media print {{ body {{ margin: 0 }} tr {{ break-inside: avoid }} .modebar {{ display: none }} }}
</style>
<h1>{title}</h1>
<p>{about}</p>
{chart}
<h2>What happened</h2>
<p>{convention}</p>
{history}
<h2>Settings</h2>
{settings}
</html>
"""
HISTORY_HEAD = ("step", "when", "who", "what", "why")
SETTINGS_HEAD = ("hyperparameter", "at the start", "now")


def report(run: Json, events: Iterable[Json], curves: Mapping[str, Curve]) -> str:
    """The whole file; it needs neither network nor server.

    run, events: as the API answers them. curves: every recorded series.

    Raises:
        Invalid: Plotly is not installed.
    """
    try:
        import plotly.graph_objects as graph
        from plotly.subplots import make_subplots
    except ImportError:
        raise Invalid(
            "HTML needs the package plotly, which is not installed: pip install 'babysit[export]'.",
            field="format",
            allowed=["csv", "json", "markdown", "recipe"],
        ) from None

    shown = list(events)
    rows = [(title, logarithmic, names or _measured(curves)) for title, logarithmic, names in ROWS]
    rows = [row for row in rows if any(name in curves for name in row[2])]
    if not rows:
        chart = "<p>Nothing was recorded yet.</p>"
    else:
        figure = make_subplots(
            rows=len(rows),
            shared_xaxes=True,
            vertical_spacing=0.06,
            row_heights=[2.0 if len(names) > 1 else 1.0 for _, _, names in rows],
            subplot_titles=[row[0] for row in rows],
        )
        for place, (_, logarithmic, names) in enumerate(rows, 1):
            for name in names:
                if name in curves:
                    drawn = downsample(curves[name], POINTS)
                    _add_curve(figure, graph, name, drawn, place)
            if COST in names and COST in curves:
                _add_smoothed(figure, graph, curves[COST], place)
            figure.update_yaxes(type="log" if logarithmic else "linear", row=place)
        _add_changes(figure, shown)
        figure.update_layout(height=220 * len(rows), template="plotly_white", margin={"t": 40})
        figure.update_xaxes(title_text="step", row=len(rows))
        chart = figure.to_html(full_html=False, include_plotlyjs=True, config=_CONFIG)
    about = (
        f"Task {run['task']}, seed {run['seed']}, {run['status']} at step {run['step']:,} "
        f"of {run['steps']:,}. {best_text(run) if run.get('best') else ''} {run['note']}"
    )
    return PAGE.format(
        title=html.escape(run["name"]),
        about=html.escape(about),
        chart=chart,
        convention=CONVENTION,
        history=_table(HISTORY_HEAD, event_rows(shown)),
        settings=_table(SETTINGS_HEAD, setting_rows(run)),
    )


def _add_changes(figure: Any, events: Sequence[Json]) -> None:
    """A line and a mark with its words for each change, note and guard."""
    reasons = later_reasons(events)
    for event in events:
        if event["kind"] in MARKED and is_shown(event):
            why = reason_of(event, reasons)
            words = f"{summarize(event)} {when(event)}{f' ({why})' if why else ''}"
            text = html.escape(words, quote=False)
            step = shown_step(event)
            figure.add_vline(x=step, line_dash="dot", line_width=1)
            figure.add_annotation(
                x=step, y=1, yref="paper", text="◆", hovertext=text, showarrow=False
            )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of plain text."""
    cells = "".join(f"<th>{name}</th>" for name in head)
    lines = [f"<tr>{cells}</tr>"]
    for row in rows:
        lines.append(f"<tr>{''.join(f'<td>{html.escape(str(text))}</td>' for text in row)}</tr>")
    return "<table>\n{}\n</table>".format("\n".join(lines))


# Plotly's own button would upload the data.
_CONFIG = {"displaylogo": False, "showSendToCloud": False}


def _measured(curves: Mapping[str, Curve]) -> tuple[str, ...]:
    """Series of the training and validation sets other than the cost."""
    return tuple(
        name
        for name in sorted(curves)
        if name.startswith(("train/", "val/")) and "/cost" not in name
    )


def _add_curve(figure: Any, graph: Any, name: str, drawn: Downsampled, row: int) -> None:
    """A line; behind downsampled values, a band from their minimum to their maximum."""
    colour = COLOURS.get(name.partition("/")[0], OTHER_COLOUR)
    steps = drawn.steps.tolist()
    if (drawn.counts > 1).any():
        band = {"line": {"width": 0}, "showlegend": False, "hoverinfo": "skip"}
        low, high = drawn.low.tolist(), drawn.high.tolist()
        figure.add_trace(graph.Scatter(x=steps, y=low, **band), row=row, col=1)
        figure.add_trace(
            graph.Scatter(x=steps, y=high, fill="tonexty", fillcolor=BAND_COLOUR, **band),
            row=row,
            col=1,
        )
    is_raw = name == COST
    line = {
        "color": colour,
        "dash": "dash" if name.startswith("val/") else "solid",
        "width": 1 if is_raw else 2,
    }
    figure.add_trace(
        graph.Scatter(
            x=steps,
            y=drawn.values.tolist(),
            name=html.escape(name, quote=False),  # Plotly does not decode &quot;
            line=line,
            opacity=0.35 if is_raw else 1,
            showlegend="/" in name,
        ),
        row=row,
        col=1,
    )


def _add_smoothed(figure: Any, graph: Any, cost: Curve, row: int) -> None:
    """The moving average, as on the page, from all values."""
    drawn = downsample(smoothed(cost, SMOOTH_STEPS), POINTS)
    figure.add_trace(
        graph.Scatter(
            x=drawn.steps.tolist(),
            y=drawn.values.tolist(),
            name=f"{COST}, average over {SMOOTH_STEPS} steps",
            line={"color": COLOURS["train"], "width": 2},
        ),
        row=row,
        col=1,
    )
