"""The commands of the command line, by what they are for. `bot.cli` loads them when they are called."""

DONE, FAILED, WRONG_USE, WAITING, INTERRUPTED = 0, 1, 2, 3, 130
"""What the exit codes say."""
