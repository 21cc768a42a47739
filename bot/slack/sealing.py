"""The form for a credential, when it is sent."""

from __future__ import annotations

from bot.credentials.kinds import kind_named
from bot.slack import ids
from bot.slack.asking import Edge
from bot.slack.filled import WrongFields
from bot.slack.incoming import Submission
from bot.slack.mrkdwn import line
from bot.slack.reacting import Reaction, heard
from bot.slack.views import credentials as views
from bot.slack.views.messages import Message
from bot.slack.words import noted, words_of
from workflows.engine.errors import InvalidInput


def sent(edge: Edge, submission: Submission) -> Reaction:
    """Check what was filled in, then try it with the service and keep it; the person is told what came of it.

    The service may take longer to answer than Slack waits, so it is asked after the form is closed.
    """
    kind, caller = kind_named(submission.context.key), submission.caller
    given = views.filled_in(kind, submission.state)
    try:
        edge.parts.credentials.checked(kind.name, given, by=caller.actor)
    except InvalidInput as error:
        known = {f"{ids.CREDENTIAL_FIELD}{name}": words for name, words in error.fields.items()}
        raise WrongFields(known) from None

    def keep() -> None:
        try:
            health = edge.parts.credentials.set(kind.name, given, by=caller.actor)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person gets words
            words = words_of(noted(error, caller.actor, submission.callback))
        else:
            words = f"🔒 The credential for {line(kind.title)} is kept, sealed: {line(health.words, 500)}"
        edge.speaker.tell(caller, Message(words))

    return heard(keep)
