"""`baton demo`: everything on this machine, with a Slack workspace in the browser."""

from bot.commands.demo.command import demo

__all__ = ["demo"]
