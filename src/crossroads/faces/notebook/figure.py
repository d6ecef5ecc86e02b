"""The curve of an account as a matplotlib figure. Matplotlib is imported here, when a figure is asked for."""

from typing import Any

from crossroads.analysis.results import Account
from crossroads.errors import MissingPackage
from crossroads.faces.notebook.html import COLOURS
from crossroads.faces.page.words import name_of, short

SIZE_INCHES = (9.0, 3.6)
NAMED_MAX = 9
"""Turning points that are named in the figure."""


def figure_of(account: Account, axes: Any = None) -> Any:
    """Failure probability by point, with its interval, turning points and the point of no return.

    Args:
        account: any.
        axes: matplotlib axes to draw on; None makes a figure.

    Returns:
        The figure.

    Raises:
        MissingPackage: matplotlib isn't installed.
    """
    if axes is None:
        axes = _figure_class()(figsize=SIZE_INCHES, layout="constrained").add_subplot()
    points = [point.point for point in account.curve]
    axes.fill_between(
        points,
        [point.failure.low for point in account.curve],
        [point.failure.high for point in account.curve],
        color=COLOURS["curve"],
        alpha=0.18,
        linewidth=0,
        label="interval",
    )
    axes.plot(points, [point.failure.value for point in account.curve], color=COLOURS["curve"], label="failure probability")
    for number, step in enumerate(account.turning_points[:NAMED_MAX], 1):
        label = f"turning point {number}: {short(name_of(step.kind, step.label), 60)}, point {step.point:,}"
        axes.axvline(step.point, color=COLOURS["bad"], linewidth=1, label=_plain(label))
    late = account.point_of_no_return
    if late is not None:
        text = f"point of no return: point {late.point:,} ({late.certainty})"
        axes.axvline(late.point, color=COLOURS["bad"], linestyle="--", label=text)
    axes.set(xlabel="point", ylabel="failure probability", ylim=(-0.02, 1.02))
    axes.legend(loc="best", fontsize="small", frameon=False)
    return axes.figure


def _figure_class() -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        text = """matplotlib isn't installed, and plot() draws with it; install it with: pip install "crossroads[plot]\""""
        raise MissingPackage(text) from None
    return Figure


def _plain(text: str) -> str:
    """As it stands: a dollar sign would begin a formula, and a leading underscore hide the label."""
    return text.replace("$", r"\$")
