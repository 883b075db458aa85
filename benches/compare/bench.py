"""The runs themselves: A B A B, with what each took and how far off it was."""

import datetime
import os
import shutil
import statistics
import time

import case as cases
import environment
import peers
import process

# A table of figures is a JSON object: {"cells": [cell], "fields": [cell], "versions": {}, "asked": {}, "machine": {}, ...}.
# A cell is one program at one size and number of sources: lists of seconds, and what there is to say instead of them.


class Bench:
    """Everything that is to be measured."""

    def __init__(self, options, machine):
        self.options, self.machine = options, machine
        self.sources = sorted(map(int, options.sources.split(",")))
        wanted = options.sizes.split(",")
        unknown = set(wanted) - {s.name for s in cases.SIZES}
        if unknown:
            raise SystemExit(f"no such size: {', '.join(sorted(unknown))}")
        self.sizes = [s for s in cases.SIZES if s.name in wanted]
        self.ours = peers.Ours(options.program)
        words = [w.lower() for w in (options.peers or "").split(",") if w]
        self.peers = [p for p in peers.everybody() if not words or any(w in p.name.lower() for w in words)]
        self.versions = {p.name: p.version() for p in [self.ours, *self.peers]}
        for p in self.peers:
            if self.versions[p.name] is None:
                print(f"MISSING: {p.name} ({p.install})", flush=True)
        self.environment = environment.variables(options.threads)
        self.end = self.deadline = time.monotonic() + 60 * options.minutes
        self.walls = {}  # (peer, size, sources): median seconds, of what was run
        self.beyond = []  # (peer, size, sources): took longer than the limit, or would have

    def measure(self):
        """Runs everything; the figures."""
        began = datetime.datetime.now(datetime.timezone.utc)
        cells = []
        for number, size in enumerate(self.sizes):
            # Equal parts of what is left, so that the largest size is not the one that goes without.
            now = time.monotonic()
            self.deadline = now + (self.end - now) / (len(self.sizes) - number)
            cells += self._size(size)
        self.deadline = self.end
        fields = self._drift()
        o = self.options
        return {
            "cells": cells, "fields": fields, "versions": self.versions, "machine": self.machine,
            "asked": {p.name: p.asked for p in [self.ours, *self.peers]},
            "install": {p.name: p.install for p in self.peers},
            "sizes": {s.name: {"antennas": s.antennas, "times": s.times, "channels": s.channels, "rows": s.rows,
                               "bytes": s.bytes} for s in self.sizes},
            "sources": self.sources, "threads": o.threads, "rounds": o.rounds, "once_above": o.once_above, "limit": o.limit,
            "remark": o.remark, "began": began.isoformat(timespec="minutes"),
            "minutes": (datetime.datetime.now(datetime.timezone.utc) - began).total_seconds() / 60,
            "values": cases.ROWS * cases.CHANNELS,
        }  # fmt: skip

    def _size(self, size):
        folder = os.path.join(self.options.dir, size.name)
        cells = []
        try:
            measurement = self._observe(size, folder)
            for number in self.sources:
                case = cases.Case(measurement, number, self.options.threads)
                cells += self._case(case)
                case.close()
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return cells

    def _observe(self, size, folder):
        twin = any(p.four_correlations and self.versions[p.name] for p in self.peers)
        return cases.Measurement(size, folder, self.options.program, twin)

    def _case(self, case):
        """All programs at one case: as many rounds of us and each peer in turn."""
        ours = Cell(self.ours, case)
        cells = [Cell(p, case) for p in self.peers]
        for cell in cells:
            if self.versions[cell.peer.name] is None:
                cell.problem = "missing"
                continue
            self._foretell(cell, case)
        if not self.walls:
            # The first run of all loads programs and libraries from the disk.
            for cell in [ours, *cells]:
                if not cell.problem and not self._late(cell):
                    self._run(cell, case, keep=False)
        for _ in range(self.options.rounds):
            for cell in cells:
                if cell.problem or max(cell.walls, default=0) > self.options.once_above or self._late(cell):
                    continue
                self._run(ours, case)
                self._run(cell, case)
                if not (ours.problem or cell.problem):
                    cell.ratios.append(cell.walls[-1] / ours.walls[-1])
        for cell in [ours, *cells]:
            if cell.killed:
                self.beyond.append((cell.peer.name, case.size, case.sources))
            elif cell.walls:
                self.walls[cell.peer.name, case.size.name, case.sources] = statistics.median(cell.walls)
            print(cell.line(), flush=True)
        return [cell.figures() for cell in [ours, *cells]]

    def _late(self, cell):
        """Whether the time for everything is up; we and `dd` take little, and are measured all the same."""
        late = cell.peer.predicts and cell.peer is not self.ours and time.monotonic() > self.deadline
        if late and not cell.walls:
            cell.problem = "not run: the time was up"
        return late

    def _foretell(self, cell, case):
        """Whether to begin at all."""
        foretold = foretell(self.walls, cell.peer.name, case.size, case.sources)
        too_long = foretold is not None and foretold >= self.options.limit
        beaten = any(name == cell.peer.name and size.bytes <= case.size.bytes and number <= case.sources
                     for name, size, number in self.beyond)  # fmt: skip
        if too_long or beaten:
            cell.problem, cell.foretold = "limit", foretold if too_long else None
            self.beyond.append((cell.peer.name, case.size, case.sources))

    def _run(self, cell, case, keep=True):
        """One run of a program, and how far off its result is."""
        peer = cell.peer
        if peer.predicts:
            case.truth.poison(peer.ms(case))
        outcome = process.run(peer.command(case), self.options.limit, case.work, self.environment)
        if outcome.problem:
            cell.problem, cell.killed = outcome.problem, outcome.killed
            return
        if not keep:
            return
        cell.walls.append(outcome.wall)
        cell.rss_mib = max(cell.rss_mib, outcome.rss_mib)
        seconds = peer.compute(case, outcome.text)
        if seconds is not None:
            cell.computes.append(seconds)
        if peer.predicts:
            error = case.truth.error(peer.ms(case))
            if error is None:
                cell.problem = "left rows unwritten"
            else:
                cell.errors.append(error)

    def _drift(self):
        """What each program that knows MeasurementSets makes of 24 fields: one run, 100 sources."""
        folder = os.path.join(self.options.dir, cases.DRIFT.name)
        cells = []
        try:
            case = cases.Case(self._observe(cases.DRIFT, folder), 100, self.options.threads)
            for peer in [self.ours, *self.peers]:
                if peer.fields and self.versions[peer.name] is not None:
                    cell = Cell(peer, case)
                    if not self._late(cell):
                        self._run(cell, case)
                    print(cell.line(), flush=True)
                    cells.append(cell.figures())
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return cells


class Cell:
    """One program at one case."""

    def __init__(self, peer, case):
        self.peer, self.size, self.sources = peer, case.size.name, case.sources
        self.walls, self.ratios, self.computes, self.errors = [], [], [], []
        self.rss_mib, self.problem, self.killed, self.foretold = 0.0, None, False, None

    def figures(self):
        return {"peer": self.peer.name, "size": self.size, "sources": self.sources, "walls": self.walls,
                "ratios": self.ratios, "computes": self.computes, "error": max(self.errors, default=None),
                "rss_mib": self.rss_mib, "problem": self.problem, "killed": self.killed, "foretold": self.foretold}  # fmt: skip

    def line(self):
        """For whoever watches."""
        words = [f"{self.size:7} {self.sources:6} {self.peer.name:20}"]
        if self.walls:
            words.append(f"{statistics.median(self.walls):9.3f} s of {len(self.walls)} runs")
        if self.errors:
            words.append(f"error {max(self.errors):.1e}")
        if self.problem == "limit":
            words.append("not run: beyond the limit" + (f", some {self.foretold:.0f} s by its own scaling" if self.foretold else ""))
        elif self.problem:
            words.append(self.problem)
        return "  ".join(words)


def foretell(walls, name, size, sources):
    """Seconds that a run would take by what the same program took in smaller cases; None if they tell nothing.

    The straight line through its last two numbers of sources at this size, if the time at least doubled from one to the
    other; else the straight line over visibilities through two smaller sizes; else its last run at this size, grown as it grew
    at the next smaller size.
    """
    done = sorted(n for p, s, n in walls if (p, s) == (name, size.name) and n < sources)
    if len(done) > 1:
        (_, at_a), (_, at_b) = points = [(n, walls[name, size.name, n]) for n in done[-2:]]
        # Less is the noise of its start.
        return _line(points, sources) if at_b >= 2 * at_a else None
    smaller = [s for s in cases.SIZES if s.bytes < size.bytes and (name, s.name, sources) in walls]
    if len(smaller) > 1:
        return _line([(s.bytes, walls[name, s.name, sources]) for s in smaller[-2:]], size.bytes)
    if done and smaller and (name, smaller[-1].name, done[-1]) in walls:
        growth = walls[name, smaller[-1].name, sources] / walls[name, smaller[-1].name, done[-1]]
        return walls[name, size.name, done[-1]] * growth
    return None


def _line(points, x):
    (xa, ya), (xb, yb) = points
    return yb + max(0.0, (yb - ya) / (xb - xa)) * (x - xb)
