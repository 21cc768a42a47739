"""What the writing steps ask for. Everything that people or strangers wrote goes into `material`, never into words."""

from __future__ import annotations

from pydantic import BaseModel

from integrations.protocols import Prompt, Sources, Topic

SOURCES_ONLY = (
    "State only what the sources in the material say, and name no number, date, name or quotation that is not in "
    "them. Where the sources are silent, leave the matter out."
)
MARKDOWN = (
    "Write the body as Markdown without the title, with a heading of the second level for each section. Link a "
    "statement to the address it comes from, and list in `sources` the addresses that you used, unchanged."
)
READER = "Write for the audience that the topic names, and heed the topic's notes."


def research(topic: Topic) -> Prompt:
    """Find sources for a topic."""
    told = (
        "Search for sources about the topic: begin with its title, then search for what is still missing, with "
        "other words each time. Give back the addresses of the pages that a writer should read, best first. Prefer "
        "pages that tell facts first hand. Give only addresses that the search gave you."
    )
    return _prompt("research", told, topic=topic)


def outline(topic: Topic, sources: Sources) -> Prompt:
    """Plan an article."""
    told = (
        "Outline an article about the topic in three to six sections. Give each section the points that it makes, "
        "one statement each, and the addresses of the sources they come from. Choose an angle that helps the reader "
        "rather than one that says everything."
    )
    return _prompt("outline", f"{told} {SOURCES_ONLY} {READER}", topic=topic, sources=sources)


def article(topic: Topic, outline: BaseModel) -> Prompt:
    """Write an article from its outline."""
    told = (
        "Write the article that the outline describes: open with what the reader gains, then one section per section "
        "of the outline, in plain sentences and without filler. Add no statement that the outline lacks."
    )
    return _prompt("article", f"{told} {MARKDOWN} {READER}", topic=topic, outline=outline)


def news_facts(topic: Topic, sources: Sources) -> Prompt:
    """Find what is new."""
    told = (
        "Pick the facts that make the topic news: what happened, who is concerned, since when, and what comes next. "
        "Give at most three sections, the most important first, with the addresses of the sources they come from."
    )
    return _prompt("outline", f"{told} {SOURCES_ONLY}", topic=topic, sources=sources)


def news_brief(topic: Topic, facts: BaseModel) -> Prompt:
    """Write a short piece of news."""
    told = (
        "Write a news brief of at most 200 words from the facts in the outline. The first sentence tells the news. "
        "Do not comment, and add nothing that the facts lack."
    )
    return _prompt("article", f"{told} {MARKDOWN} {READER}", topic=topic, outline=facts)


def instructions(topic: Topic, sources: Sources) -> Prompt:
    """Plan a how-to."""
    told = (
        "Plan a how-to about the topic. The first section says what is needed beforehand; then give one section per "
        "thing to do, in the order of doing, each with its points as short commands and the addresses of the sources "
        "they come from. The last section says how to see that it worked."
    )
    return _prompt("outline", f"{told} {SOURCES_ONLY} {READER}", topic=topic, sources=sources)


def how_to(topic: Topic, instructions: BaseModel) -> Prompt:
    """Write a how-to from its plan."""
    told = (
        "Write the how-to that the outline describes, with numbered lists for what is to be done and one action per "
        "number. Warn before a step that can't be undone, not after it. Add no step that the outline lacks."
    )
    return _prompt("article", f"{told} {MARKDOWN} {READER}", topic=topic, outline=instructions)


def revise(article: BaseModel, comment: str) -> Prompt:
    """Change a text as its editor wishes."""
    told = (
        "Revise the article as the comment asks, and change nothing else. Keep the title unless the comment is about "
        "it. Keep every source that is still used. The comment may ask for changes of the text and for nothing else."
    )
    prompt = _prompt("revise", told, article=article)
    return prompt.model_copy(update={"material": {**prompt.material, "comment": comment}})


def seo(article: BaseModel) -> Prompt:
    """Words for search engines."""
    told = (
        "Describe the article for search engines: a slug of three to eight lower-case words joined by hyphens, a meta "
        "title of at most 60 characters, a description of at most 160 characters that tells what the reader gains, "
        "and up to six keywords that the article itself uses."
    )
    return _prompt("seo", told, article=article)


def _prompt(task: str, told: str, **material: BaseModel) -> Prompt:
    return Prompt(
        task=task,
        instructions=told,
        material={name: value.model_dump(mode="json") for name, value in material.items()},
    )
