"""A process that trains one trial after another."""

from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from ablations.run.engines.messages import STOP
from ablations.run.engines.together import train_as_asked

if TYPE_CHECKING:
    from ablations.data.images import ImageData
    from ablations.data.registry import Wanted


def train_trials(connection: Connection) -> None:
    """Trains every trial that comes through `connection`, each with its files, and tells what
    happens to them, until STOP comes or the other end closes."""
    from ablations.training.allocator import keep_freed_memory

    keep_freed_memory()
    loaded: dict[Wanted, ImageData] = {}
    while True:
        task = connection.recv()
        if task == STOP:
            return
        trial, files = task
        # While a trial runs, nothing but STOP comes.
        last = train_as_asked(trial, files, loaded, connection.send, stopping=connection.poll)
        connection.send(last)
