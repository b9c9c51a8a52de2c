"""`run`: the study of a file, or the studies of a report again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from os.path import isdir, isfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from ablations.errors import SettingError, one_line
from ablations.run.code_trust import check_trusted, own_code
from ablations.run.validation import Mismatch, mismatches
from ablations.settings.readers import expanded
from ablations.settings.setting import Level
from ablations.study.all_settings import AXES, SETTINGS
from ablations.study.budget import with_changes
from ablations.study.builder import (
    BadStudy,
    Key,
    Problem,
    StudyFile,
    common_settings,
    make_study,
    parse_study,
    read_study,
)
from ablations.study.run_settings import RunSettings
from ablations.study.shipped_studies import ABLATIONS, ENVELOPE
from ablations.study.study import Study
from ablations.study.toml_lines import key_lines, line_of
from involution_ablate.commands.shared.options import (
    Act,
    Option,
    place_options,
    trust_option,
    with_options,
)
from involution_ablate.commands.shared.program import BAD_INPUT, tell, tell_below
from involution_ablate.commands.shared.run_request import make_settings, take_place
from involution_ablate.commands.shared.tune_option import tune_option, with_tuning

if TYPE_CHECKING:
    from ablations.records.run_record import Run

TOML = ".toml"
REPORT = (".html", ".htm", ".json")


_HELP = f"""Run your own study: FILE is a study file (TOML), or a report, to run its studies again.

Shipped study files: {", ".join((*ABLATIONS, ENVELOPE))}."""


def run_command(act: Act, further: Sequence[Option]) -> click.Command:
    """Return `run FILE`, with the arguments of `StudyCommand.make`."""

    @with_options([_set_option, tune_option, trust_option, *place_options(), *further])
    def command(
        file: Path, overrides: Sequence[str], tune: Sequence[str], trust_code: bool, **options: Any
    ) -> None:
        path, changes = expanded(file), Changes(read_overrides(overrides), tune)
        no_train = options.pop("no_train", False)
        if path.suffix.lower() == TOML and not isdir(path):
            _act_on_toml(act, path, changes, options, no_train)
        else:
            _act_on_run(act, path, changes, options, no_train, trust_code)

    argument = click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
    return click.command("run", help=_HELP)(argument(command))


_set_option = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a setting of the file; may be repeated. Example: --set seeds=2",
)


@dataclass(frozen=True)
class Changes:
    """Changes to a study file on the command line.

    Attributes:
        settings: Settings of `--set`, by name.
        tune: Texts of `--tune`.
    """

    settings: Mapping[str, Level]
    tune: Sequence[str]

    def __bool__(self) -> bool:
        return bool(self.settings or self.tune)

    def of(self, file: StudyFile) -> StudyFile:
        """Return the study with these changes.

        Raises:
            SettingError: If a setting cannot be changed.
        """
        return with_overrides(with_tuning(file, self.tune), self.settings)


def read_overrides(typed: Sequence[str]) -> dict[str, Level]:
    """Parse the texts of `--set`.

    Raises:
        SettingError: If a text is not KEY=VALUE, no setting has that name, or the value is not
            allowed.
    """
    changed: dict[str, Level] = {}
    for text in typed:
        name, equals, value = text.partition("=")
        if not equals:
            raise SettingError("set", text, "must be KEY=VALUE, such as --set seeds=2")
        if name not in SETTINGS:
            raise SettingError("set", text, f"unknown; allowed: {', '.join(SETTINGS)}")
        try:
            changed[name] = SETTINGS[name].read(value)
        except ValueError as error:
            raise SettingError("set", text, str(error)) from None
    return changed


def with_overrides(file: StudyFile, changes: Mapping[str, Level]) -> StudyFile:
    """Return the study with changed settings; epochs replace steps, and steps epochs.

    Raises:
        SettingError: If a setting is an axis of the study or tuned by it.
    """
    for name in changes:
        if name in file.axis_names:
            raise SettingError("set", name, "is an axis of this study")
        if file.tune is not None and name in file.tune.levels:
            raise SettingError("set", name, "is tuned in this study")
    return replace(file, settings=with_changes(file.settings, changes))


def _act_on_toml(
    act: Act,
    path: Path,
    changes: Changes,
    options: dict[str, Any],
    no_train: bool,
) -> None:
    text = _read(path)
    file, study, settings = _from_toml(path, text, changes, options, no_train)
    try:
        act([study], settings, **options)
    except SettingError as error:
        _fail(path, text, [_problem(file, _late(error))], error.listed)


def _act_on_run(
    act: Act,
    path: Path,
    changes: Changes,
    options: dict[str, Any],
    no_train: bool,
    trust_code: bool,
) -> None:
    studies, settings = _from_run(path, changes, options, no_train, trust_code)
    try:
        act(studies, settings, **options)
    except SettingError as error:
        raise SettingError("FILE", path, _told(_late(error)), error.listed) from None


def _late(error: SettingError) -> Mismatch:
    """Return the error of a level found only while running, such as a missing data set.

    Errors of other options are raised again.
    """
    if error.setting not in AXES:
        raise error
    return Mismatch(error.setting, error.value, error.problem)


def _told(mismatch: Mismatch) -> str:
    return f"{mismatch.axis} {mismatch.level}: {mismatch.problem}"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SettingError("FILE", path, "no such file") from None
    except (OSError, ValueError) as error:
        raise SettingError("FILE", path, f"cannot be read ({one_line(error)})") from None


def _from_toml(
    path: Path,
    text: str,
    changes: Changes,
    options: dict[str, Any],
    no_train: bool,
) -> tuple[StudyFile, Study, RunSettings]:
    """Return the study of a file; exit with one line per problem if it has any."""
    file, problems = read_study(text)
    if file is not None:
        if changes and not problems:
            file = changes.of(file)
        study = _make(file, None if changes else text)
        settings = make_settings(common_settings(file), take_place(file.name, options), no_train)
        problems += [_problem(file, mismatch) for mismatch in mismatches(study, settings)]
        if not problems:
            return file, study, settings
    _fail(path, text, problems)


def _make(file: StudyFile, source: str | None) -> Study:
    try:
        return make_study(file, source)
    except BadStudy as error:  # from the command line, since the file was read without errors
        raise click.UsageError(str(error)) from None


def _fail(
    path: Path, text: str, problems: Sequence[Problem], listed: Sequence[str] = ()
) -> NoReturn:
    is_toml = not any(isinstance(key[0], int) for key, _ in problems if key)
    lines = key_lines(text) if is_toml and any(key for key, _ in problems) else {}
    told = dict.fromkeys((line_of(lines, key), problem) for key, problem in problems)
    for line, problem in sorted(told, key=itemgetter(0)):
        tell(f"{path}:{line}: {problem}")
    tell_below(listed)
    raise SystemExit(BAD_INPUT)


def _problem(file: StudyFile, mismatch: Mismatch) -> Problem:
    """Return the key that a mismatch comes from, and its message."""
    return _key(file, mismatch), _told(mismatch)


def _key(file: StudyFile, mismatch: Mismatch) -> Key:
    for place, variant in enumerate(file.variants):
        if variant.get(mismatch.axis) == mismatch.level:
            return ("variants", place, mismatch.axis)
    for axis in (mismatch.axis, "width"):
        if axis in file.axes:
            return ("axes", axis)
        if axis in file.settings:
            return ("settings", axis)
    return ()


def _from_run(
    path: Path,
    changes: Changes,
    options: dict[str, Any],
    no_train: bool,
    trust_code: bool,
) -> tuple[list[Study], RunSettings]:
    """Return the studies of an earlier run; they train only if that run did."""
    from ablations.records.run_file import load_run

    if isfile(path) and path.suffix.lower() not in REPORT:
        allowed = f"a study file ends in {TOML}, a report in {', '.join(REPORT)}"
        raise SettingError("FILE", path, allowed)
    run = load_run(path, "FILE")
    files = [parse_study(study.source) for study in run.studies]
    studies = list(run.studies)
    if changes:
        files = [changes.of(file) for file in files]
        studies = [_make(file, None) for file in files]
    place = take_place(files[0].name if len(files) == 1 else "all", options)
    common, *others = map(common_settings, files)
    if any(other != common for other in others):
        raise SettingError("FILE", path, "its studies differ in their settings")
    settings = make_settings(common, place, no_train or run.settings.train is None)
    if not trust_code:
        named = [
            spec for spec in own_code(studies, settings) if spec not in changes.settings.values()
        ]
        _check_code(path, named, run)
    for study in studies:
        for mismatch in mismatches(study, settings):
            raise SettingError("FILE", path, _told(mismatch))
    return studies, settings


def _check_code(path: Path, named: Sequence[str], run: "Run") -> None:
    """Raise SettingError before importing code that differs from the run's."""
    try:
        check_trusted(named, run.code)
    except ValueError as error:
        raise SettingError("FILE", path, str(error)) from None
