"""The interface of the engines, which train trials. No torch."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from ablations.run.events import Emit
from ablations.run.stopping import Stop

if TYPE_CHECKING:
    from ablations.records.checkpoints import TrialFiles
    from ablations.training.trial_spec import TrialSpec


class Engine(Protocol):
    """Trains trials somewhere. The numbers of a trial do not depend on the engine."""

    @property
    def here(self) -> bool:
        """Whether trials run in this process itself."""

    def run(
        self,
        trials: "Iterable[TrialSpec]",
        files: "Mapping[TrialSpec, TrialFiles]",
        stop: Stop,
        emit: Emit,
    ) -> None:
        """Run trials in their order and return when all have ended.

        No work continues after it has returned or raised.

        Args:
            trials: Asked for the next trial when that can start.
            files: Checkpoint and weights of each trial.
            stop: Once asked, running trials are paused if time allows, and no other starts.
            emit: Receives the events of the trials.
        """
