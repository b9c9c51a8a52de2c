"""Study files as data: parsed from TOML values, and written. No torch."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ablations.settings.setting import Level, Setting
from ablations.study.all_settings import AXES, SETTINGS, TUNABLE
from ablations.study.grid import DEFAULT_SEEDS, Grid
from ablations.texts import check_printable, is_control, shown, text_of

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")

TUNE, SEEDS = "tune", "seeds"
"""The table of tuned settings, and its key that is not one of them."""

Key = tuple[str | int, ...]
"""A key in a file, as ("axes", "kernel_size") or ("variants", 1, "lr"); in invalid TOML the line,
as (3,)."""

Problem = tuple[Key, str]
"""The key of an error, and its message on one line."""


@dataclass(frozen=True)
class StudyFile:
    """The content of a study file.

    Attributes:
        name: Name of the study.
        title: Title in the report.
        axes: Levels by axis; each combination is a variant.
        variants: Variants one by one, instead of `axes`.
        baseline: Levels of the baseline that the file gives.
        settings: Settings that the file gives.
        tune: Settings to tune; None: no tuning.
    """

    name: str
    title: str
    axes: Mapping[str, tuple[Level, ...]] = field(default_factory=dict)
    variants: tuple[Mapping[str, Level], ...] = ()
    baseline: Mapping[str, Level] = field(default_factory=dict)
    settings: Mapping[str, Level] = field(default_factory=dict)
    tune: Grid | None = None

    @property
    def axis_names(self) -> tuple[str, ...]:
        """The axes of the study, in order."""
        return tuple(self.axes or dict.fromkeys(name for v in self.variants for name in v))

    def to_toml(self) -> str:
        """Return the text of the file; `builder.parse_study` reads it back."""
        import tomlkit

        document: dict[str, Any] = {"name": self.name, "title": self.title}
        if self.axes:
            document["axes"] = {name: list(levels) for name, levels in self.axes.items()}
        if self.variants:
            document["variants"] = [dict(variant) for variant in self.variants]
        if self.baseline:
            document["baseline"] = dict(self.baseline)
        if self.settings:
            document["settings"] = dict(self.settings)
        if self.tune is not None:
            tuned = {name: list(levels) for name, levels in self.tune.levels.items()}
            document[TUNE] = {**tuned, SEEDS: self.tune.seeds}
        return tomlkit.dumps(document)


class Reader:
    """A parser of TOML values that collects all errors in `problems`."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    @property
    def variants_unread(self) -> bool:
        """Whether an error affects the variants or the baseline."""
        parts = ((), ("axes",), ("variants",), ("baseline",))
        found = [key for key, _ in self.problems if key[:1] != (TUNE,)]
        return any(key[:1] in parts or key[-1] in AXES for key in found)

    def wrong(self, key: Key, problem: str) -> None:
        self.problems.append((key, problem))

    def file(self, document: Mapping[str, Any]) -> StudyFile:
        known = ("name", "title", "axes", "variants", "baseline", "settings", TUNE)
        for key in document:
            if key not in known:
                self.wrong((key,), f"{shown(key)}: unknown; allowed: {', '.join(known)}")
        if ("axes" in document) == ("variants" in document):
            self.wrong((), "a study has either [axes] or [[variants]]")
        name = self.text(document, "name")
        if name is not None and not _NAME.fullmatch(name):
            problem = "must be lower-case letters, digits, - and _, at most 60"
            self.wrong(("name",), f"name {shown(name)}: {problem}")
        title = self.text(document, "title") if "title" in document else name
        return StudyFile(
            name=name or "",
            title=title or "",
            axes=self.axes(document.get("axes", {})),
            variants=self.variants(document.get("variants", [])),
            baseline=self.levels(("baseline",), document.get("baseline", {}), AXES),
            settings=self.levels(("settings",), document.get("settings", {}), SETTINGS),
            tune=self.tune(document[TUNE]) if TUNE in document else None,
        )

    def text(self, document: Mapping[str, Any], key: str) -> str | None:
        value = document.get(key)
        if isinstance(value, str) and value.strip() and not any(map(is_control, value)):
            return value
        missing = key not in document
        self.wrong((key,), f"{key} is missing" if missing else f"{key} must be a line of text")
        return None

    def axes(self, table: object) -> dict[str, tuple[Level, ...]]:
        if not isinstance(table, dict):
            self.wrong(("axes",), "axes must be a table: [axes]")
            return {}
        axes = {}
        for name, values in table.items():
            key: Key = ("axes", name)
            if name not in AXES:
                self.wrong(key, f"{shown(name)} is not an axis; allowed: {', '.join(AXES)}")
            elif not isinstance(values, list) or not values:
                self.wrong(key, f"{name} must be a list of at least one value")
            else:
                axes[name] = self.once(key, name, values)
        return axes

    def once(self, key: Key, name: str, values: Sequence[object]) -> tuple[Level, ...]:
        read = [self.level(key, name, value, AXES) for value in values]
        times = Counter(level for level in read if level is not None)
        for level, count in times.items():
            if count > 1:
                self.wrong(key, f"{name} {shown(level)}: is given twice")
        return tuple(times)

    def tune(self, table: object) -> Grid | None:
        """Parse [tune]; return None after an error."""
        if not isinstance(table, dict):
            self.wrong((TUNE,), "tune must be a table: [tune]")
            return None
        levels = {}
        for name, values in table.items():
            key: Key = (TUNE, name)
            if name != SEEDS and name not in TUNABLE:
                known = ", ".join((*TUNABLE, SEEDS))
                self.wrong(key, f"{shown(name)} cannot be tuned; allowed: {known}")
            elif name != SEEDS and (not isinstance(values, list) or len(values) < 2):
                self.wrong(key, f"{name} must be a list of at least two values")
            elif name != SEEDS:
                levels[name] = self.once(key, name, values)
        seeds = self.level((TUNE, SEEDS), SEEDS, table.get(SEEDS, DEFAULT_SEEDS), SETTINGS)
        if not table.keys() - {SEEDS}:
            self.wrong((TUNE,), "tune needs a setting, such as lr = [0.03, 0.1]")
        return Grid(levels, int(seeds)) if levels and seeds is not None else None

    def variants(self, tables: object) -> tuple[dict[str, Level], ...]:
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            self.wrong(("variants",), "variants must be tables: [[variants]]")
            return ()
        return tuple(
            self.levels(("variants", place), table, AXES) for place, table in enumerate(tables)
        )

    def levels(self, where: Key, table: object, allowed: Mapping[str, Setting]) -> dict[str, Level]:
        if not isinstance(table, dict):
            self.wrong(where, f"{where[0]} must be a table: [{where[0]}]")
            return {}
        levels = {}
        for name, value in table.items():
            if name not in allowed:
                known = ", ".join(allowed)
                self.wrong((*where, name), f"{shown(name)}: unknown; allowed: {known}")
                continue
            level = self.level((*where, name), name, value, allowed)
            if level is not None:
                levels[name] = level
        return levels

    def level(
        self, key: Key, name: str, value: object, allowed: Mapping[str, Setting]
    ) -> Level | None:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            self.wrong(key, f"{name} {shown(value)}: must be a number or text")
            return None
        try:
            text = text_of(value)
            check_printable(text)
            return allowed[name].read(text)
        except ValueError as error:
            self.wrong(key, f"{name} {shown(value)}: {error}")
            return None
