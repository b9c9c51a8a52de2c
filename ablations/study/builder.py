"""A study as a file (TOML): read as a whole, with every error at once. No torch.

    name = "window-by-form"                 # names its tables and its folder
    title = "Does the window matter more to one form?"

    [axes]                                  # every combination is one variant
    kernel_size = [3, 7]
    generator = ["W", "r=4"]

    [baseline]                              # per axis; default: the paper's, else the first
    kernel_size = 7

    [settings]                              # what is the same for all; each has a default
    seeds = 8
    epochs = 8

    [tune]                                  # what each variant chooses on the validation split
    lr = [0.03, 0.1, 0.3]

In place of [axes], [[variants]] lists the variants one by one. `all_settings.SETTINGS` names what
the settings can hold, `all_settings.AXES` what can be an axis.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import prod

from ablations.networks.families import family_of
from ablations.settings.setting import Level
from ablations.study.all_settings import DEFAULTS, NETWORK_AXES, PAPER, TRAINING_AXES
from ablations.study.document import TUNE, Key, Problem, Reader, StudyFile
from ablations.study.grid import MOST_CANDIDATES, Grid
from ablations.study.study import Study
from ablations.study.train_settings import VALIDATION
from ablations.study.variants import Variant, make_variant
from ablations.texts import shown

MOST_VARIANTS = 200

UNSET = "–"
"""In place of a level that a variant does not have: a ResNet's form of the kernel generator."""


class BadStudy(ValueError):
    """What is wrong with a study, all of it: where in its file, and what."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem for _, problem in problems))
        self.problems = problems


def read_study(text: str) -> tuple[StudyFile | None, list[Problem]]:
    """What a file says, without what cannot be read, and everything that is wrong with it.

    None where what can be read makes no study.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return None, [_no_toml(text, str(error))]
    except (ValueError, RecursionError):  # thousands of digits, of lists in lists
        return None, [((), "holds a number or a list that is too large to be read")]
    reader = Reader()
    file = reader.file(document)
    misplaced = [*_misplaced(file)]
    unfit = [] if misplaced else _unfit(file)
    unread = {key[-1:] for key, _ in reader.problems}
    told = [(key, problem) for key, problem in misplaced if key[-1:] not in unread]
    if not reader.variants_unread:
        told += unfit
    return None if misplaced or unfit else file, [*reader.problems, *told]


def _no_toml(text: str, error: str) -> Problem:
    found = re.search(r" \(at line (\d+), column (\d+)\)", error)
    line = int(found[1]) if found else len(text.splitlines())
    where = f" (column {found[2]})" if found else ""
    return (line,), f"is not TOML: {error[: found.start()] if found else error}{where}"


def parse_study(text: str) -> StudyFile:
    """What a file says. Raises BadStudy for everything that is wrong with it."""
    file, problems = read_study(text)
    if problems or file is None:
        raise BadStudy(problems)
    return file


def make_study(file: StudyFile, source: str | None = None) -> Study:
    """The study of a file; source: the file's text, where it is not `file.to_toml()`.

    Raises BadStudy where its parts do not go together.
    """
    problems = [*_misplaced(file)] or _unfit(file)
    if problems:
        raise BadStudy(problems)
    cells = _cells(file)
    names = _names(cells)
    return Study(
        name=file.name,
        title=file.title,
        axes=file.axis_names,
        levels={
            name: tuple(map(str, cell.values())) for name, cell in zip(names, cells, strict=True)
        },
        variants=dict(zip(names, _variants(file, cells), strict=True)),
        baseline=names[cells.index(_baseline(file, cells))],
        source=file.to_toml() if source is None else source,
        tune=file.tune,
    )


def common_settings(file: StudyFile) -> dict[str, Level]:
    """What is the same for all variants of seeds, networks and training, as far as it is given;
    where the training is varied, the baseline's."""
    common = {name: value for name, value in file.settings.items() if name not in NETWORK_AXES}
    baseline = _baseline(file, _cells(file)).items()
    own = {name: level for name, level in baseline if name in TRAINING_AXES and level != UNSET}
    return common | own


def _count(file: StudyFile) -> int:
    """How many variants there are, of which `_cells` is the list."""
    return prod(map(len, file.axes.values())) if file.axes else len(file.variants)


def _cells(file: StudyFile) -> list[dict[str, Level]]:
    """Every variant's level on each axis."""
    if file.axes:
        names = file.axes.keys()
        return [dict(zip(names, levels, strict=True)) for levels in product(*file.axes.values())]
    cells = []
    for variant in file.variants:
        levels = {**DEFAULTS, **file.settings, **variant}
        idle = family_of(str(levels["family"])).idle
        levels |= {name: variant.get(name, UNSET) for name in idle}
        cells.append({name: levels.get(name, UNSET) for name in file.axis_names})
    return cells


def _variants(file: StudyFile, cells: Sequence[dict[str, Level]]) -> list[Variant]:
    network = {name: level for name, level in file.settings.items() if name in NETWORK_AXES}
    common = common_settings(file)
    own = [
        {
            name: level
            for name, level in cell.items()
            if level != UNSET and (name in NETWORK_AXES or level != common.get(name))
        }
        for cell in cells
    ]
    return [make_variant(network | levels) for levels in own]


def _misplaced(file: StudyFile) -> Iterator[Problem]:
    """What has no place in the file, whatever the values are."""
    if _count(file) > MOST_VARIANTS:
        key: Key = ("axes",) if file.axes else ("variants", MOST_VARIANTS)
        yield key, f"{_count(file)} variants; at most {MOST_VARIANTS}"
    yield from _mixed_budgets(file)
    for name in file.axes:
        if name in file.settings:
            yield ("settings", name), f"{name}: is an axis; leave it out of [settings]"
    for name in file.baseline:
        if name not in file.axis_names:
            yield ("baseline", name), f"{name}: is no axis of this study"
    if file.tune is not None:
        yield from _misplaced_tuning(file, file.tune)


def _misplaced_tuning(file: StudyFile, tune: Grid) -> Iterator[Problem]:
    for name in tune.levels:
        if name in file.axis_names:
            yield (TUNE, name), f"{name}: is an axis; leave it out of [tune]"
        if name in file.settings:
            yield ("settings", name), f"{name}: is tuned; leave it out of [settings]"
    if prod(map(len, tune.levels.values())) > MOST_CANDIDATES:
        combined = prod(map(len, tune.levels.values()))
        yield (TUNE,), f"{combined} combinations to choose from; at most {MOST_CANDIDATES}"
    if file.settings.get("split") == VALIDATION:
        problem = "is what [tune] chooses by; what was chosen is reported on test"
        yield ("settings", "split"), f"split {VALIDATION}: {problem}"


def _mixed_budgets(file: StudyFile) -> Iterator[Problem]:
    tuned = {} if file.tune is None else file.tune.levels
    given = {*file.axis_names, *file.settings, *tuned}
    places: list[tuple[Key, Mapping[str, object]]] = [
        (("settings",), file.settings),
        (("axes",), file.axes),
        ((TUNE,), tuned),
        *((("variants", place), variant) for place, variant in enumerate(file.variants)),
    ]
    holding = [where for where, levels in places if "steps" in levels]
    if {"epochs", "steps"} <= given:
        yield (*holding[0], "steps"), "steps: give either epochs or steps, not both"
    elif holding and not {("settings",), (TUNE,)} & {*holding}:
        for place, variant in enumerate(file.variants):
            if "steps" not in variant:
                yield ("variants", place), "steps is missing, which other variants have"


def _unfit(file: StudyFile) -> list[Problem]:
    """Levels and variants that do not go together; of a file in which nothing is misplaced."""
    cells = _cells(file)
    if not cells or not file.axis_names:
        return [((), "there is nothing to vary; name at least one axis with a value")]
    if not _matching(file.baseline, cells):
        text = ", ".join(f"{name} {shown(level)}" for name, level in file.baseline.items())
        return [(("baseline",), f"baseline {text}: must be one of the variants")]
    return [*_without_involutions(file, cells)] or [*_repeated(file, cells)]


def _without_involutions(file: StudyFile, cells: Sequence[dict[str, Level]]) -> Iterator[Problem]:
    told = set()
    for place, cell in enumerate(cells):
        family = family_of(str({**DEFAULTS, **file.settings, **cell}["family"]))
        for name in family.idle:
            key: Key = ("axes", name) if file.axes else ("variants", place, name)
            if cell.get(name, UNSET) != UNSET and (key, family.name) not in told:
                told.add((key, family.name))
                hint = "; list the variants in place of crossing them" if file.axes else ""
                yield key, f"{name}: the family {family.name} has {family.idle_because}{hint}"


def _repeated(file: StudyFile, cells: Sequence[dict[str, Level]]) -> Iterator[Problem]:
    variants, names = _variants(file, cells), _names(cells)
    for place, (name, variant) in enumerate(zip(names, variants, strict=True)):
        first = variants.index(variant)
        if first < place:
            key: Key = ("variants", place) if file.variants else ("axes",)
            yield key, f"{name}: is the same variant as {names[first]}"


def _names(cells: Sequence[dict[str, Level]]) -> list[str]:
    return [", ".join(map(str, cell.values())) for cell in cells]


def _matching(
    levels: Mapping[str, Level], cells: Sequence[dict[str, Level]]
) -> list[dict[str, Level]]:
    return [cell for cell in cells if all(cell.get(k) == v for k, v in levels.items())]


def _baseline(file: StudyFile, cells: Sequence[dict[str, Level]]) -> dict[str, Level]:
    """The first cell with the levels of [baseline]; on axes of which it says nothing the paper's,
    where there is such a cell."""
    wanted = dict(file.baseline)
    for name in file.axis_names:
        if name in PAPER and _matching(closer := {name: PAPER[name], **wanted}, cells):
            wanted = closer
    return _matching(wanted, cells)[0]
