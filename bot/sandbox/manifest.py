"""What the app's manifest allows: its commands, shortcuts, scopes and the events that it listens to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class SlashCommand:
    """A command that people can type."""

    command: str
    description: str
    usage_hint: str
    escapes: bool


@dataclass(frozen=True)
class Shortcut:
    """An entry in the menu of a message, or in the global one."""

    callback_id: str
    name: str
    kind: str


@dataclass(frozen=True)
class Parameter:
    """What a custom step takes or gives."""

    name: str
    type: str
    required: bool


@dataclass(frozen=True)
class Function:
    """A custom step for the Workflow Builder."""

    callback_id: str
    title: str
    inputs: tuple[Parameter, ...]
    outputs: tuple[Parameter, ...]


@dataclass(frozen=True)
class AppManifest:
    """The parts of a manifest that the workspace obeys."""

    name: str
    bot_name: str
    commands: tuple[SlashCommand, ...]
    shortcuts: tuple[Shortcut, ...]
    scopes: frozenset[str]
    events: frozenset[str]
    interactive: bool
    home_tab: bool
    messages_tab: bool
    messages_read_only: bool
    functions: tuple[Function, ...] = ()
    redirect_urls: tuple[str, ...] = ()
    """Where people may be sent back to after they let the app in."""

    @classmethod
    def read(cls, manifest: Mapping[str, Any]) -> AppManifest:
        """The manifest as `baton slack manifest` prints it, or as Slack shows it."""
        features, settings = manifest.get("features") or {}, manifest.get("settings") or {}
        name = str((manifest.get("display_information") or {}).get("name") or "App")
        home = features.get("app_home") or {}
        return cls(
            name=name,
            bot_name=str((features.get("bot_user") or {}).get("display_name") or name),
            commands=tuple(_command(one) for one in features.get("slash_commands") or ()),
            shortcuts=tuple(
                Shortcut(str(one["callback_id"]), str(one.get("name") or ""), str(one.get("type") or "global"))
                for one in features.get("shortcuts") or ()
            ),
            scopes=frozenset(((manifest.get("oauth_config") or {}).get("scopes") or {}).get("bot") or ()),
            events=frozenset((settings.get("event_subscriptions") or {}).get("bot_events") or ()),
            interactive=bool((settings.get("interactivity") or {}).get("is_enabled")),
            home_tab=bool(home.get("home_tab_enabled")),
            messages_tab=bool(home.get("messages_tab_enabled", True)),
            messages_read_only=bool(home.get("messages_tab_read_only_enabled")),
            functions=tuple(_function(name, one) for name, one in (manifest.get("functions") or {}).items()),
            redirect_urls=tuple((manifest.get("oauth_config") or {}).get("redirect_urls") or ()),
        )

    def function(self, callback_id: str) -> Function | None:
        """The custom step with this callback id."""
        return next((one for one in self.functions if one.callback_id == callback_id), None)

    def command(self, name: str) -> SlashCommand | None:
        """The command with this name, `/` included."""
        return next((one for one in self.commands if one.command == name), None)


def _command(one: Mapping[str, Any]) -> SlashCommand:
    return SlashCommand(
        command=str(one["command"]),
        description=str(one.get("description") or ""),
        usage_hint=str(one.get("usage_hint") or ""),
        escapes=bool(one.get("should_escape")),
    )


def _function(callback_id: str, one: Mapping[str, Any]) -> Function:
    inputs, outputs = one.get("input_parameters") or {}, one.get("output_parameters") or {}
    return Function(callback_id, str(one.get("title") or callback_id), _parameters(inputs), _parameters(outputs))


def _parameters(given: Mapping[str, Mapping[str, Any]]) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(name, str(one.get("type") or "string"), bool(one.get("is_required"))) for name, one in given.items()
    )
