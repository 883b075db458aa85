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


def ratio(cell):
    """How many times as long as we: the median over the pairs, in which a run of a peer follows one of ours."""
    return statistics.median(cell["ratios"])


def times(value):
    """A ratio, with two digits that mean something."""
    return f"{value:,.0f} ×" if value >= 10 else f"{value:.2g} ×"


def wall(cell):
    """One entry of the table of whole commands."""
    if cell["walls"]:
        middle, least, most = statistics.median(cell["walls"]), min(cell["walls"]), max(cell["walls"])
        spread = f" ({seconds(least)}–{seconds(most)})" if len(cell["walls"]) > 1 else ""
        against = f" · **{times(ratio(cell))}**" if cell["ratios"] else ""
        return f"{seconds(middle)}{spread}{against}"
    return trouble(cell)


def trouble(cell):
    if cell["problem"] == "limit":
        return "> limit" + (f" (some {seconds(cell['foretold'])} s by its own scaling)" if cell["foretold"] else "")
    return cell["problem"] or "–"


def table(figures, name, title, entry, skip=()):
    columns = figures["sources"]
    lines = [f"| {title} | " + " | ".join(f"{grouped(n)} sources" for n in columns) + " |", "|---|" + "---|" * len(columns)]
    for peer in names(figures):
        if peer in skip:
            continue
        cells = pick(figures, name, peer)
        entries = [entry(cells[n]) if n in cells else "–" for n in columns]
        if any(e != "–" for e in entries):
            lines.append(f"| {peer} | " + " | ".join(entries) + " |")
    return "\n".join(lines)


def error(cell):
    return "–" if cell["error"] is None else f"{cell['error']:.1e}"


def alone(cell):
    return seconds(statistics.median(cell["computes"])) if cell["computes"] else "–"


def resident(cell):
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
    lines = ["| program | rms error, of rms \\|V\\| | what happens |", "|---|---|---|"]
    for cell in figures["fields"]:
        if cell["problem"] == "left rows unwritten":
            what, figure = "only the rows of one field are written, the others left as they were", "–"
        elif cell["problem"]:
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
        peers = [c for c in figures["cells"] if c["size"] == name and c["peer"] not in (ours_name, "dd")]
        paired = sorted((ratio(c), label(c)) for c in peers if c["ratios"])
        slower = [f"{who} ({times(r)})" for r, who in paired if r <= 1]
        if paired:
            (least, closest), (most, farthest) = paired[0], paired[-1]
            lines.append(f"- **{name}**: faster than the peers in {len(paired) - len(slower)} of {len(paired)} cases measured; the "
                         f"ratios go from {times(least)} ({closest}) to {times(most)} ({farthest})."
                         + (f" Not faster than {'; '.join(slower)}." if slower else ""))  # fmt: skip
        judged = [(c["error"] / ours[c["sources"]]["error"], c["peer"]) for c in peers
                  if c["error"] is not None and ours[c["sources"]]["error"]]  # fmt: skip
        if judged:
            no_larger = sum(r >= 1 for r, _ in judged)
            lines.append(f"  Our error is no larger than theirs in {no_larger} of {len(judged)} cases.{smaller(judged)}")
        disk = [(n, 1 / ratio(c)) for n, c in pick(figures, name, "dd").items() if c["ratios"]]
        if disk:
            lines.append("  A whole run takes " + ", ".join(times(r) for _, r in disk)
                         + f" the time of `dd` ({', '.join(grouped(n) for n, _ in disk)} sources).")  # fmt: skip
    return "\n".join(lines)


def smaller(judged):
    """Who is more accurate than we, and how much: of [(their error over ours, name)]."""
    found = {}
    for r, name in judged:
        if r < 1:
            found.setdefault(name, []).append(r)
    words = [f"{name} ({min(rs):.2g}" + (f" to {max(rs):.2g}" if len(rs) > 1 else "") + " of ours)" for name, rs in found.items()]
    return f" Smaller is that of {', '.join(words)}." if words else ""


def label(cell):
    return f"{cell['peer']} at {grouped(cell['sources'])}"
