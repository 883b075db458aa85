"""docs/benchmarks.md and its picture, from the figures of bench.py."""

import os
import statistics

import picture

TEMPLATE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "page.md")


def write(figures, path):
    """The page, and beside it pictures/benchmarks.png."""
    with open(TEMPLATE) as f:
        template = f.read()
    folder = os.path.join(os.path.dirname(path), "pictures")
    os.makedirs(folder, exist_ok=True)
    picture.draw(figures, os.path.join(folder, "benchmarks.png"))
    with open(path, "w") as f:
        f.write(template.format(
            date=figures["began"][:10], remark=f" {figures['remark']}" if figures["remark"] else "", minutes=figures["minutes"],
            values=figures["values"], limit=figures["limit"], rounds=figures["rounds"], once_above=figures["once_above"],
            machine=machine(figures), reading=reading(figures), asked=asked(figures), fields=fields(figures),
            sizes="\n".join(size(figures, name) for name in figures["sizes"]),
        ))  # fmt: skip


def grouped(number):
    return f"{number:,}"


def seconds(value):
    """Three digits that mean something."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def pick(figures, size, peer):
    """{sources: cell} of a program at a size."""
    return {c["sources"]: c for c in figures["cells"] if c["size"] == size and c["peer"] == peer}


def names(figures):
    """Ourselves first."""
    return list(figures["versions"])


def machine(figures):
    m = figures["machine"]
    return (f"{m['processor']}, {m['cores']} cores, {m['memory']} of memory, {m['disk']}; "
            f"{figures['threads']} threads for every program; the load average before the first run was {m['load']:.1f}.")  # fmt: skip


def asked(figures):
    lines = ["| program | version | what it was asked for |", "|---|---|---|"]
    for name in names(figures):
        version = figures["versions"][name] or f"**missing**: {figures['install'][name]}"
        lines.append(f"| {name} | {version} | {figures['asked'][name]} |")
    return "\n".join(lines)


def ratio(cell, ours):
    """How many times as long as we: the median over the pairs (each run of a peer follows one of ours)."""
    return statistics.median(cell["walls"]) / statistics.median(ours["walls"])


def wall(cell, ours):
    """One entry of the table of whole commands."""
    if cell["walls"]:
        middle, least, most = statistics.median(cell["walls"]), min(cell["walls"]), max(cell["walls"])
        spread = f" ({seconds(least)}–{seconds(most)})" if len(cell["walls"]) > 1 else ""
        times = "" if cell is ours or not ours["walls"] else f" · **{ratio(cell, ours):.2g} ×**".replace("e+0", "e")
        return f"{seconds(middle)}{spread}{times}"
    return trouble(cell)


def trouble(cell):
    if cell["problem"] == "limit":
        return f"> limit (some {seconds(cell['foretold'])} s by its own scaling)"
    return cell["problem"] or "–"


def table(figures, name, title, entry, skip=()):
    columns = figures["sources"]
    lines = [f"| {title} | " + " | ".join(f"{grouped(n)} sources" for n in columns) + " |", "|---|" + "---|" * len(columns)]
    ours = pick(figures, name, names(figures)[0])
    for peer in names(figures):
        if peer in skip:
            continue
        cells = pick(figures, name, peer)
        entries = [entry(cells[n], ours[n]) if n in cells else "–" for n in columns]
        if any(e != "–" for e in entries):
            lines.append(f"| {peer} | " + " | ".join(entries) + " |")
    return "\n".join(lines)


def error(cell, _):
    return "–" if cell["error"] is None else f"{cell['error']:.1e}"


def alone(cell, _):
    return seconds(statistics.median(cell["computes"])) if cell["computes"] else "–"


def resident(cell, _):
    return f"{cell['rss_mib']:.0f}" if cell["rss_mib"] else "–"


def size(figures, name):
    s = figures["sizes"][name]
    title = (f"## {name.capitalize()}: {s['antennas']} antennas, {s['times']} integrations, {grouped(s['rows'])} rows × "
             f"{s['channels']} channels × 2 correlations, {s['bytes'] / 1e6:,.1f} MB\n")  # fmt: skip
    return "\n".join([
        title, table(figures, name, "whole command [s]", wall), "",
        table(figures, name, "rms error, of rms \\|V\\|", error, skip=("dd",)), "",
        table(figures, name, "computing alone [s]", alone), "",
        table(figures, name, "resident memory [MiB]", resident, skip=("dd",)), "",
    ])  # fmt: skip


def fields(figures):
    lines = ["| program | rms error, of rms \\|V\\| | |", "|---|---|---|"]
    for cell in figures["fields"]:
        if cell["problem"]:
            what, figure = f"`{cell['problem'].replace('|', '/')}`", "–"
        else:
            figure = f"{cell['error']:.1e}"
            what = "every row about its own field" if cell["error"] < 0.02 else "not every row about its own field"
        lines.append(f"| {cell['peer']} | {figure} | {what} |")
    return "\n".join(lines)


def reading(figures):
    """What the figures say, found from them and not from memory."""
    ours_name, lines = names(figures)[0], []
    for name in figures["sizes"]:
        ours = pick(figures, name, ours_name)
        faster, slower, better, worse = [], [], [], []
        for cell in (c for c in figures["cells"] if c["size"] == name and c["peer"] not in (ours_name, "dd")):
            mine = ours[cell["sources"]]
            label = f"{cell['peer']} at {grouped(cell['sources'])}"
            if cell["walls"] and mine["walls"]:
                (faster if ratio(cell, mine) > 1 else slower).append((ratio(cell, mine), label))
            if cell["error"] is not None and mine["error"] is not None:
                (better if mine["error"] <= cell["error"] else worse).append((cell["error"] / mine["error"], label))
        if faster:
            closest, farthest = min(faster), max(faster)
            lines.append(f"- **{name}**: faster than the peers in {len(faster)} of {len(faster) + len(slower)} cases, by {closest[0]:.2g} × "
                         f"({closest[1]} sources) to {farthest[0]:.2g} × ({farthest[1]})."
                         + (" Slower than: " + "; ".join(f"{l} ({r:.2g} ×)" for r, l in sorted(slower)) + "." if slower else ""))  # fmt: skip
        if better or worse:
            lines.append(f"  Error no larger than theirs in {len(better)} of {len(better) + len(worse)} cases."
                         + (" Larger than: " + "; ".join(f"{l} (theirs is {r:.2g} of ours)" for r, l in sorted(worse)) + "." if worse else ""))  # fmt: skip
        disk = [(n, ratio(c, ours[n])) for n, c in pick(figures, name, "dd").items() if c["walls"] and ours[n]["walls"]]
        if disk:
            lines.append("  A whole run takes " + ", ".join(f"{1 / r:.2g}" for _, r in disk)
                         + f" times as long as `dd` ({', '.join(grouped(n) for n, _ in disk)} sources).")  # fmt: skip
    return "\n".join(lines)
