"""What a run, or a column, has to say of itself."""

import json
from typing import Any


class Record(dict):
    """A dictionary whose entries are attributes, too: ``report.catalogue.selected``."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"{type(self).__name__} has no {name!r}; it has {', '.join(self)}") from None

    def __dir__(self):
        return [*super().__dir__(), *self]


class Report(Record):
    """The report of a run, as ``nvss-predict --report`` writes it; ``print`` shows what the command would say."""

    #: What the command says at the end.
    text = ""

    def __str__(self) -> str:
        return self.text or super().__str__()

    def __repr__(self) -> str:
        what = "a plan for" if self.get("dry_run") else "complete" if self.get("complete") else "incomplete"
        return f"<Report: {what} {self.get('column')} of {self.get('ms')}, {self.catalogue.selected} sources>"

    def __reduce__(self):
        return _restored, (dict(self), self.text)


class Status(Record):
    """What is known of a model column.

    ``state`` is ``"complete"``, ``"incomplete"`` (half written, or its check failed), ``"unknown"`` (not of this program) or
    ``"no_column"``; of a column of this program there are ``started``, ``version``, ``run``, ``catalogue``, ``digest``,
    ``arguments`` and ``components``, ``rows`` (those, from the first on, that are on the disk), ``predicted`` (how many of them
    have a model) and ``xxh3`` (their digest), too. ``deep`` has ``rows``, ``xxh3`` and ``matches`` where the column was read.
    """

    @property
    def complete(self) -> bool:
        """Whether the column is whole, and holds what was written as far as that was looked at."""
        return self["state"] == "complete" and self.get("deep", {}).get("matches") is not False

    def __reduce__(self):
        return Status, (dict(self),)


class Preflight(Record):
    """What stands in the way of a prediction; ``print`` shows what the command says.

    ``good`` tells whether nothing does; ``findings`` is a list of ``what``, ``level`` (``"good"``, ``"warning"``, ``"bad"``) and
    ``text``; ``plan`` is the report of the plan, with ``compute_estimate`` [s], where a catalogue was given and nothing is bad.
    """

    #: What the command says.
    text = ""

    def __str__(self) -> str:
        return self.text or super().__str__()

    def __bool__(self) -> bool:
        return self["good"]


def _nested(pairs):
    return Record(pairs)


def parsed(text: str) -> Report:
    """The report in a text of JSON."""
    return Report(json.loads(text, object_pairs_hook=_nested))


def _restored(entries, text):
    report = Report(entries)
    report.text = text
    return report
