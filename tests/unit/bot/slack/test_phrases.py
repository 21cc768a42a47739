"""One grammar for commands, mentions and direct messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.grammar import Grammar
from bot.slack.phrases import (
    VERBS,
    AddSchedule,
    Approvals,
    Cancel,
    Delegate,
    Help,
    KeepSchedule,
    ListSchedules,
    Pause,
    Phrase,
    PhraseError,
    Resume,
    Runs,
    Start,
    Status,
    Unpause,
    Why,
    Workflows,
)
from bot.slack.wording import bare, plain, split

GRAMMAR = Grammar(frozenset({"content_pipeline", "invoice"}))

UNDERSTOOD: dict[str, Phrase] = {
    "": Help(),
    "  \n ": Help(),
    "help": Help(),
    "HELP": Help(),
    "help!": Help(),
    "?": Help(),
    "schedule": ListSchedules(),
    "schedule list": ListSchedules(),
    "schedule add": AddSchedule(),
    "schedule add morning": AddSchedule("morning"),
    "schedule add morning Content-Pipeline": AddSchedule("morning", "content_pipeline"),
    "schedule add m note weekdays at 9:00 Europe/Berlin topic=tea": AddSchedule(
        "m", "note", "weekdays at 9:00", "Europe/Berlin", (("topic", "tea"),)
    ),
    'schedule add m note "0 9 * * mon-fri" --zone UTC --overlap=queue —catch-up all topic="green tea"': AddSchedule(
        "m", "note", "0 9 * * mon-fri", "UTC", (("topic", "green tea"),), (("overlap", "queue"), ("catch_up", "all"))
    ),
    "schedule add m note */15 * * * *": AddSchedule("m", "note", "*/15 * * * *"),
    "schedule add m note hourly --show-in <#C34|ops> zone=field": AddSchedule(
        "m", "note", "hourly", "", (("zone", "field"),), (("show_in", "C34"),)
    ),
    "schedule show `m`": KeepSchedule("show", "m"),
    "delegate <@U1|ben> while away": Delegate("U1", away=True),
    "delegate <@U1> until friday while away for payments": Delegate("U1", "friday", "payments", away=True),
    "schedule PAUSE m": KeepSchedule("pause", "m"),
    "schedule run m": KeepSchedule("run-now", "m"),
    "schedule run-now m": KeepSchedule("run-now", "m"),
    "schedule delete m": KeepSchedule("remove", "m"),
    "run note": Start("note"),
    "run Content-Pipeline topic=tea": Start("content_pipeline", (("topic", "tea"),)),
    'run note topic="green tea" copies=2': Start("note", (("topic", "green tea"), ("copies", "2"))),
    "run note topic=“green tea”": Start("note", (("topic", "green tea"),)),
    "run note topic=„grüner Tee“": Start("note", (("topic", "grüner Tee"),)),
    "run note topic=\u2018green tea\u2019": Start("note", (("topic", "green tea"),)),
    "run note topic='it is Ana's tea' x=1": Start("note", (("topic", "it is Ana's tea"), ("x", "1"))),
    "run note topic=it's": Start("note", (("topic", "it's"),)),
    r'run note topic="a \"b\" \\ c"': Start("note", (("topic", 'a "b" \\ c'),)),
    "run note --topic=tea --dry-run": Start("note", (("topic", "tea"),), dry=True),
    "run note topic=tea —dry-run": Start("note", (("topic", "tea"),), dry=True),
    "run note my-topic=tea": Start("note", (("my_topic", "tea"),)),
    "run note topic=a=b": Start("note", (("topic", "a=b"),)),
    "run note topic=": Start("note", (("topic", ""),)),
    "run note who=<@U12|ana> where=<#C34|general>": Start("note", (("who", "U12"), ("where", "C34"))),
    "run note who=<!subteam^S1|@editors>": Start("note", (("who", "S1"),)),
    "run note site=<http://x.example/a?b=1&amp;c=2>": Start("note", (("site", "http://x.example/a?b=1&c=2"),)),
    "run note site=<http://x.example|x.example>": Start("note", (("site", "x.example"),)),
    "run note to=<mailto:a@b.example|a@b.example>": Start("note", (("to", "a@b.example"),)),
    "run note topic=&lt;b&gt;": Start("note", (("topic", "<b>"),)),
    "run note at 9:00 tomorrow topic=tea": Start("note", (("topic", "tea"),), at="9:00 tomorrow"),
    "run note in 2 hours": Start("note", at="in 2 hours"),
    "run note label:team=blog label:x=y": Start("note", labels=(("team", "blog"), ("x", "y"))),
    'run note label:team="the blog"': Start("note", labels=(("team", "the blog"),)),
    "run note\ntopic=tea\n": Start("note", (("topic", "tea"),)),
    "runs": Runs(),
    "runs green tea": Runs("green tea"),
    "runs state:waiting,parked state:failed": Runs(states=("waiting", "parked", "failed")),
    "runs workflow:content-pipeline by:<@U12> label:a=b x": Runs("x", (), "content_pipeline", "U12", (("a", "b"),)),
    "status 12ab": Status("12ab"),
    "approvals": Approvals(),
    "approvals please": Approvals(),
    "resume 12ab": Resume("12ab"),
    "cancel 12ab it is late": Cancel("12ab", "it is late"),
    "why 12ab": Why("12ab"),
    "workflows": Workflows(),
    "workflows Invoice": Workflows("invoice"),
    "pause invoice too many": Pause("invoice", "too many"),
    "pause everything": Pause(),
    "unpause all": Unpause(),
    "unpause invoice": Unpause("invoice"),
}


@pytest.mark.parametrize(("text", "phrase"), UNDERSTOOD.items(), ids=repr)
def test_phrases_are_understood(text: str, phrase: Phrase) -> None:
    assert GRAMMAR.read(text) == phrase


def test_a_workflows_own_command_is_followed_by_its_fields() -> None:
    assert GRAMMAR.read_start("note", "topic=tea at noon") == Start("note", (("topic", "tea"),), at="noon")
    assert GRAMMAR.read_start("note", "help") == Workflows("note")
    assert GRAMMAR.read_start("note", "") == Start("note")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("schedule adds m", "Did you mean `/baton schedule add`"),
        ("schedule frobnicate", "There are add, list, show"),
        ("schedule pause", "Which schedule"),
        ("schedule pause a b", "takes one name"),
        ("schedule add m note daily 9:00 --zone", "`--zone` needs a value"),
        ("schedule add m note daily 9:00 topic=green tea", 'topic="green tea"'),
        ("schedule add m note daily 9:00 --often", "I don't know the option --often"),
    ],
)
def test_what_is_said_of_schedules_wrongly_is_answered_with_how(line: str, words: str) -> None:
    with pytest.raises(PhraseError) as caught:
        GRAMMAR.read(line)
    assert words in str(caught.value)


@pytest.mark.parametrize("verb", VERBS)
def test_every_word_is_near_to_its_typo(verb: str) -> None:
    typo = verb[:-1] + verb[-1] * 2
    alone = ("runs", "workflows", "approvals", "schedule", "digest", "deadletters", "delegate", "credentials", "help")
    GRAMMAR.read(verb if verb in alone else f"{verb} x")
    with pytest.raises(PhraseError, match=f"Did you mean `/baton {verb}`"):
        GRAMMAR.read(typo)


@given(st.text(max_size=200))
def test_whatever_is_said_is_understood_or_answered(text: str) -> None:
    for line in (
        text,
        f"run note {text}",
        f"runs {text}",
        f"cancel {text}",
        f"schedule {text}",
        f"delegate {text}",
        f"schedule add {text}",
        f"credentials {text}",
    ):
        assert _answer(line)


def _answer(line: str) -> str:
    try:
        return repr(GRAMMAR.read(line))
    except PhraseError as error:
        return str(error).strip()


VALUE = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=60)


@given(VALUE)
def test_a_quoted_value_comes_through_whole(value: str) -> None:
    marks = '"“”„«»'
    written = "".join(f"\\{char}" if char in marks + "\\" else char for char in value)
    typed = written.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    (word,) = split(plain(f'topic="{typed}"'))
    assert (word.name, word.value) == ("topic", bare(value))


@given(st.text(max_size=100))
def test_no_text_forges_a_mention_or_calls_a_channel(text: str) -> None:
    typed = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert plain(typed) == text
    assert "<!" not in plain("<!channel> <!here|x> <!everyone>")
