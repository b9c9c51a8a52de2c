"""A console of rich whose texts are text: they hold no markup, and no terminal acts on them."""

from collections.abc import Iterable
from typing import IO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from ablations.texts import inert


class InertConsole(Console):
    """Writes to `file`. What moves the cursor is rich's own and is let through."""

    def __init__(
        self, file: IO[str], force_terminal: bool | None = None, width: int | None = None
    ) -> None:
        super().__init__(
            file=file,
            force_terminal=force_terminal,
            width=width,
            markup=False,
            emoji=False,
            highlight=False,
        )

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """The renderable's segments, with inert texts."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control else Segment(inert(text, kept="\n\t"), style)
