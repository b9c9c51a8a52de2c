"""One keeper for a team."""

from collections.abc import Callable

from torch import nn

from ablations.training.epoch import Epoch
from ablations.training.keeper import Keeper, State, TrialPaused
from ablations.training.team import Team


class TeamKeeper(Keeper):
    """Keeps what the leader's keeper keeps, and has all processes go on from it and stop with it.

    Args:
        team: Of the training.
        keeper: Of this process; used in the leader alone.
    """

    def __init__(self, team: Team, keeper: Keeper) -> None:
        self._team, self._keeper = team, keeper if team.leads else Keeper()

    def earlier(self) -> State | None:
        return self._team.handed_out(self._keeper.earlier())

    def look(self, state: Callable[[], State]) -> None:
        pauses = False
        try:
            self._keeper.look(state)
        except TrialPaused:
            pauses = True
        if self._team.agreed(pauses):
            raise TrialPaused

    def notice(self, line: str) -> None:
        self._keeper.notice(line)

    def measured(self, point: Epoch) -> None:
        self._keeper.measured(point)

    def ends(self, network: nn.Module) -> None:
        self._keeper.ends(network)
