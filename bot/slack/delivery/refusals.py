"""What Slack's refusals mean for a message, and how people are told.

The codes are those that Slack documents for chat.postMessage, chat.update, conversations.open and the file methods.
"""

from __future__ import annotations

CLOSED = frozenset({
    "not_in_channel", "channel_not_found", "is_archived", "restricted_action", "restricted_action_read_only_channel",
    "restricted_action_non_threadable_channel", "restricted_action_thread_only_channel", "channel_is_limited_access",
    "messages_tab_disabled", "cannot_dm_bot", "user_not_found", "user_disabled", "users_not_found", "invalid_users",
    "users_list_not_supplied", "user_not_visible", "not_allowed_token_type", "cannot_post_to_channel",
    "invalid_channel", "method_not_supported_for_channel_type", "slack_connect_canvas_sharing_blocked",
})  # fmt: skip
"""The channel is closed to us, or the person can't be written to."""
GONE = frozenset({
    "message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found", "invalid_ts",
    "invalid_thread_ts", "cannot_reply_to_message", "update_failed", "is_inactive",
})  # fmt: skip
"""The message, or the one that is replied to, can't be changed any more."""
UNFIT = frozenset({
    "invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long", "no_text", "too_many_attachments",
    "invalid_metadata_format", "invalid_metadata_schema", "metadata_too_large", "invalid_arguments",
    "invalid_attachments", "block_mismatch", "markdown_text_conflict",
})  # fmt: skip
"""Slack does not take the message as it is."""
SHUT_OUT = frozenset({
    "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope",
    "no_permission", "org_login_required", "ekm_access_denied", "access_denied", "team_access_not_granted",
    "accesslimited", "team_not_found", "app_missing_action_url",
})  # fmt: skip
"""The bot itself is not let in: nothing will get through until somebody mends that."""

_REASONS = {
    "not_in_channel": "the bot is not in it (invite it with /invite)",
    "channel_not_found": "it does not exist, or the bot is not in it (invite it with /invite)",
    "is_archived": "it is archived",
    "restricted_action": "the workspace does not let the bot post there",
    "restricted_action_read_only_channel": "it is read-only",
    "cannot_dm_bot": "it is a bot",
    "user_disabled": "their account is deactivated",
    "user_not_found": "there is no such person",
    "messages_tab_disabled": "the app's messages are switched off",
    "missing_scope": "the app lacks a scope: install it again with its manifest",
    "invalid_auth": "Slack does not accept the bot's token",
    "not_authed": "Baton is not installed in the workspace, or SLACK_BOT_TOKEN is not set",
    "account_inactive": "the bot was removed from the workspace",
    "token_revoked": "the bot's token was revoked: set a new SLACK_BOT_TOKEN, or install Baton again",
    "token_expired": "the bot's token has expired: set a new SLACK_BOT_TOKEN, or install Baton again",
}


def reason(code: str) -> str:
    """Why, in words."""
    return _REASONS.get(code, f"Slack says {code}")
