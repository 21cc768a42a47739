"""The progress of a run: its plan with its history laid over it."""

from workflows.engine.progress.model import Item, Progress
from workflows.engine.progress.reader import progress

__all__ = ["Item", "Progress", "progress"]
