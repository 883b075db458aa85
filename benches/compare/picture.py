"""The picture of the comparison: seconds and errors over the number of sources, one column for each size."""

import statistics

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

# Okabe and Ito's colours, told apart by everybody; ours is black.
COLOURS = ["#000000", "#999999", "#E69F00", "#B8860B", "#56B4E9", "#009E73", "#CC79A7", "#D55E00", "#0072B2", "#7B5EA7"]
MARKERS = "osv^DPX<>p"


def draw(figures, path):
    """Measured points are full and joined; extrapolated ones are hollow, on dotted lines."""
    if not any(c["walls"] for c in figures["cells"]):
        raise SystemExit("nothing was measured, so there is nothing to draw")
    names, sizes = list(figures["versions"]), list(figures["sizes"])
    plt.rcParams.update({"font.size": 11, "axes.grid": True, "grid.alpha": 0.3})
    fig, axes = plt.subplots(2, len(sizes), figsize=(max(4.6 * len(sizes) + 0.6, 10), 9.2), sharex=True, sharey="row", squeeze=False)
    for column, size in enumerate(sizes):
        top, bottom = axes[0, column], axes[1, column]
        for k, name in enumerate(names):
            cells = sorted((c for c in figures["cells"] if c["size"] == size and c["peer"] == name), key=lambda c: c["sources"])
            style = {"color": COLOURS[k % len(COLOURS)], "marker": MARKERS[k % len(MARKERS)], "markersize": 7,
                     "linewidth": 2.6 if k == 0 else 1.4, "zorder": 5 if k == 0 else 3}  # fmt: skip
            _times(top, cells, style, name if column == 0 else None)
            known = [(c["sources"], c["error"]) for c in cells if c["error"]]
            if known:
                bottom.plot(*zip(*known), **style)
        s = figures["sizes"][size]
        top.set_title(f"{size}: {s['rows']:,} rows × {s['channels']} channels")
        bottom.set_xlabel("sources")
        for ax in (top, bottom):
            ax.set_xscale("log")
            ax.set_yscale("log")
        bottom.set_xticks(figures["sources"], [f"{n:,}" for n in figures["sources"]])
        bottom.minorticks_off()
    axes[0, 0].set_ylabel("whole command [s]")
    axes[1, 0].set_ylabel("rms error / rms |V|")
    fig.legend(loc="lower center", ncols=min(5, len(names)), frameon=False)
    hollow = "hollow, dotted: not run, extrapolated from the program's own smaller cases"
    fig.text(0.5, 0.965, f"{hollow}; {figures['began'][:10]}", ha="center", fontsize=10, color="#555555")
    fig.tight_layout(rect=(0, 0.085, 1, 0.96))
    fig.savefig(path, dpi=110)
    plt.close(fig)


def _times(ax, cells, style, label):
    measured = [(c["sources"], statistics.median(c["walls"])) for c in cells if c["walls"]]
    ax.plot(*(zip(*measured) if measured else ([], [])), **style, label=label)
    guessed = [(c["sources"], c["foretold"]) for c in cells if c["problem"] == "limit" and c["foretold"]]
    if guessed:
        ax.plot(*zip(*(measured[-1:] + guessed)), **style | {"linestyle": ":", "marker": ""})
        ax.plot(*zip(*guessed), **style | {"linestyle": "", "markerfacecolor": "white"})
