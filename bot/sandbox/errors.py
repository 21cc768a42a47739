"""Every error that the workspace gives, in one table, with the place where the rule is written down.

Sources: `SLACK.md` and `sdk` are marked firm there or read in slack_sdk; `docs NAME` is Slack's reference page of that
method or topic (docs.slack.dev); `seen` was reported by others with Slack's own answer; `strict` is this workspace's
choice where Slack is silent or more lenient: an app that bears it also bears Slack.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One error of one method; the method `*` stands for all of them."""

    method: str
    error: str
    when: str
    source: str


class SlackError(Exception):
    """An answer `ok: false`, with what Slack adds to it."""

    def __init__(self, error: str, *, messages: Sequence[str] = (), **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.extra: dict[str, Any] = dict(extra)
        if messages:
            self.extra["response_metadata"] = {"messages": [f"[ERROR] {one}" for one in messages]}

    def body(self) -> Mapping[str, Any]:
        """The answer's JSON."""
        return {"ok": False, "error": self.error, **self.extra}


def _rows(method: str, source: str, **errors: str) -> tuple[Row, ...]:
    return tuple(Row(method, error, when, source) for error, when in errors.items())


_CONTENT = {
    "channel_not_found": "the channel is unknown, or private and the app is not in it",
    "is_archived": "the channel is archived",
    "no_text": "neither text nor blocks nor attachments",
    "invalid_blocks": "the blocks break a limit or name a thing that does not exist",
    "invalid_blocks_format": "the blocks are no JSON list",
    "markdown_text_conflict": "markdown_text beside text or blocks",
    "invalid_metadata_format": "the metadata is no object with event_type and event_payload",
    "msg_blocks_too_long": "the blocks together hold more than 13,200 characters of markdown",
}
_VIEW = {
    "invalid_arguments": "the view breaks a limit",
    "view_too_large": "the view is larger than 250 kB",
    "duplicate_external_id": "another view has this external_id",
}
_EXECUTION = {
    "function_execution_not_found": "no custom step has this execution id",
    "execution_not_in_running_state": "the step is over already",
    "access_denied": "the step belongs to another app",
}
_TRIGGER = {
    "invalid_trigger_id": "the trigger id is none of this workspace's",
    "expired_trigger_id": "the trigger id is older than 3 s",
    "exchanged_trigger_id": "the trigger id was used before",
}

TABLE: tuple[Row, ...] = (
    *_rows(
        "*",
        "docs web-api",
        not_authed="no token",
        invalid_auth="a token that is none of this workspace's",
        token_revoked="the bot token was revoked",  # noqa: S106  # the name of an error
        account_inactive="the app was removed from the workspace",
        not_allowed_token_type="an app token where a bot token is needed, or the other way round",  # noqa: S106  # the name of an error
        missing_scope="the manifest does not ask for the scope",
        ratelimited="too many calls; `Retry-After` says how long to wait",
        invalid_arguments="a required argument is missing, or one has the wrong form",
        unknown_method="there is no such method",
        invalid_json="the body says that it is JSON and is not",
    ),
    Row("*", "internal_error", "a fault that was switched on", "docs web-api"),
    *_rows("chat.postMessage", "docs chat.postMessage", **_CONTENT, not_in_channel="the app is not in this channel"),
    *_rows(
        "chat.postMessage",
        "docs chat.postMessage",
        too_many_attachments="more than 100 attachments",
        messages_tab_disabled="a direct message, and the app's messages tab is off",
        cannot_dm_bot="a direct message to a bot",
    ),
    Row("chat.postMessage", "thread_not_found", "thread_ts names no message of the channel", "strict"),
    *_rows(
        "chat.postEphemeral", "docs chat.postEphemeral", **_CONTENT, not_in_channel="the app is not in this channel"
    ),
    *_rows("chat.postEphemeral", "docs chat.postEphemeral", user_not_in_channel="the reader is not in the channel"),
    *_rows("chat.update", "docs chat.update", **{k: v for k, v in _CONTENT.items() if k != "is_archived"}),
    *_rows(
        "chat.update",
        "docs chat.update",
        message_not_found="no message has this ts, or it was deleted",
        cant_update_message="the message is somebody else's, or ephemeral",
        is_inactive="the channel is archived",
        msg_too_long="the text is longer than 4,000 characters",
    ),
    Row("chat.update", "not_in_channel", "the app was removed from the channel", "strict"),
    *_rows(
        "chat.delete",
        "docs chat.delete",
        channel_not_found="the channel is unknown",
        message_not_found="no message has this ts",
        cant_delete_message="the message is somebody else's",
    ),
    *_rows(
        "chat.getPermalink",
        "docs chat.getPermalink",
        channel_not_found="the channel is unknown",
        message_not_found="no message has this ts",
    ),
    *_rows("views.open", "docs views.open", **_VIEW, **_TRIGGER),
    *_rows("views.push", "docs views.push", **_VIEW, **_TRIGGER, push_limit_reached="three views are open already"),
    Row("views.push", "not_found", "no modal is open to push onto", "docs views.push"),
    *_rows(
        "views.update",
        "docs views.update",
        **_VIEW,
        hash_conflict="the view has changed since this hash",
        not_found="no open view has this id",
    ),
    *_rows(
        "views.publish",
        "docs views.publish",
        **_VIEW,
        hash_conflict="the home has changed since this hash",
        user_not_found="there is no such person",
        not_enabled="the app's home tab is off",
    ),
    *_rows("users.info", "docs users.info", user_not_found="there is no such person"),
    *_rows("users.profile.get", "docs users.profile.get", user_not_found="there is no such person"),
    *_rows("conversations.info", "docs conversations.info", channel_not_found="the channel is unknown"),
    *_rows("conversations.members", "docs conversations.members", channel_not_found="the channel is unknown"),
    *_rows("conversations.list", "docs conversations.list", invalid_cursor="the cursor is none of this list's"),
    *_rows(
        "conversations.open",
        "docs conversations.open",
        channel_not_found="the channel is unknown",
        user_not_found="there is no such person",
        user_disabled="the person was deactivated",
        cannot_dm_bot="the person is a bot",
        users_list_not_supplied="neither users nor channel",
    ),
    *_rows(
        "conversations.history",
        "docs conversations.history",
        channel_not_found="the channel is unknown",
        not_in_channel="the app is not in the channel",
        invalid_cursor="the cursor is none of this channel's",
    ),
    *_rows(
        "conversations.replies",
        "docs conversations.replies",
        channel_not_found="the channel is unknown",
        not_in_channel="the app is not in the channel",
        thread_not_found="ts names no message",
    ),
    *_rows(
        "conversations.join",
        "docs conversations.join",
        channel_not_found="the channel is unknown",
        is_archived="the channel is archived",
        method_not_supported_for_channel_type="a private channel or a direct message",
    ),
    *_rows("usergroups.users.list", "docs usergroups.users.list", no_such_subteam="there is no such user group"),
    *_rows(
        "files.completeUploadExternal",
        "docs files.completeUploadExternal",
        channel_not_found="the channel is unknown",
        not_in_channel="the app is not in the channel",
        is_archived="the channel is archived",
        file_not_found="no upload has this id, or nothing was uploaded",
    ),
    *_rows("files.info", "docs files.info", file_not_found="there is no such file"),
    *_rows(
        "reactions.add",
        "docs reactions.add",
        already_reacted="the app has reacted so before",
        message_not_found="no message has this timestamp",
        channel_not_found="the channel is unknown",
        not_in_channel="the app is not in the channel",
        invalid_name="no such emoji",
        is_archived="the channel is archived",
    ),
    *_rows("functions.completeSuccess", "docs functions.completeSuccess", **_EXECUTION),
    *_rows(
        "functions.completeSuccess",
        "docs functions.completeSuccess",
        parameter_validation_failed="the outputs are not those that the manifest declares",
    ),
    *_rows("functions.completeError", "docs functions.completeError", **_EXECUTION),
    *_rows(
        "oauth.v2.access",
        "docs oauth.v2.access",
        invalid_client_id="no app has this id",
        bad_client_secret="the secret is not the app's",  # noqa: S106  # the name of an error
        invalid_code="the code is none, was used before, or is older than ten minutes",
        bad_redirect_uri="the address is not the one that the person was sent back to",
    ),
    *_rows("bots.info", "docs bots.info", bot_not_found="there is no such bot"),
    *_rows("blocks.validate", "docs blocks.validate", invalid_blocks="the payload breaks a limit"),
    *_rows(
        "response_url",
        "seen: answers of hooks.slack.com",
        used_url="used five times before",
        expired_url="older than 30 minutes",
        no_text="neither text nor blocks",
        invalid_blocks="the blocks break a limit",
        message_not_found="the message to replace or delete is gone",
        invalid_payload="the body is no JSON object",
    ),
)

_KNOWN = {(row.method, row.error): row for row in TABLE}


def row(method: str, error: str) -> Row:
    """The row of this error; a LookupError means that a method made an error up."""
    found = _KNOWN.get((method, error)) or _KNOWN.get(("*", error))
    if found is None:
        raise LookupError(f"{method} gives the error {error}, which is not in the table of errors.")
    return found
