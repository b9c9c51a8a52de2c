"""The user's code that a run names, and whether a saved run may execute it. No torch."""

from collections.abc import Iterable, Mapping, Sequence

from ablations.own_code import Code, digest_of, find_file, is_code_of
from ablations.study.run_settings import RunSettings
from ablations.study.study import Study, distinct_variants
from ablations.study.train_settings import own_code_of


def own_code(studies: Sequence[Study], settings: RunSettings) -> list[str]:
    """Return the user's code that a run of these studies uses, as module:object, each once."""
    found: list[str] = []
    for variant in distinct_variants(studies):
        if settings.train is None:
            found += variant.own_code
        else:
            found += own_code_of(variant, settings.train.for_variant(variant))
    return list(dict.fromkeys(found))


def check_trusted(specs: Iterable[str], recorded: Mapping[str, Code]) -> None:
    """Refuse code that a saved run or network names unless it is the code that ran then.

    Nothing is imported.

    Args:
        specs: module:object, each.
        recorded: module:object -> digests of its files when it ran; see `code_of`.

    Raises:
        ValueError: One line, with file and digest of the first code that differs.
    """
    for spec in specs:
        if is_code_of(spec, recorded.get(spec, {})):
            continue
        file = find_file(spec)
        if file is None:
            raise ValueError(f"names the code {spec}, and no file of that module is found here")
        why = "is not what ran there" if spec in recorded else "may be anything: none is recorded"
        raise ValueError(
            f"names the code {spec}; {file} (sha256 {digest_of(file)[:16]}) {why}. "
            "Read it, and give --trust-code to run it"
        )
