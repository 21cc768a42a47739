"""A local server that speaks like model providers: OpenAI (Chat Completions, Responses) and Anthropic (Messages)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.servers.http import Answer, Asked, CannedServer, as_json

CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"
INPUT_TOKENS, OUTPUT_TOKENS = 120, 30


@dataclass(frozen=True)
class Says:
    """A turn of the model: it gives `output`, or calls the tool `tool` with these arguments."""

    output: Mapping[str, Any] = field(default_factory=dict)
    tool: str = ""


@dataclass(frozen=True)
class Question:
    """What a provider was asked, whichever way it was said."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def text(self) -> str:
        """Everything in the request, as JSON text without escapes for other alphabets."""
        return json.dumps(self.body, ensure_ascii=False)

    @property
    def output_tool(self) -> str:
        """The tool by which an answer is given; empty when the answer is to be text."""
        named = [tool.get("function", tool).get("name", "") for tool in self.body.get("tools", [])]
        return next((name for name in named if name.startswith("final_result")), "")


class ModelServer(CannedServer):
    """Gives `turns` in order, the last one for good: a model's turn, or a raw answer such as a 429."""

    def __init__(self, *turns: Says | Answer) -> None:
        super().__init__()
        self._turns = list(turns)

    @property
    def questions(self) -> list[Question]:
        """The journal: what was asked, in order."""
        return [Question(asked.path, asked.headers, asked.json) for asked in self.asked if asked.method == "POST"]

    def answer(self, asked: Asked) -> Answer:
        """Record what was asked, and take the next turn."""
        self.asked.append(asked)
        if asked.method == "GET":
            return as_json({"id": asked.path.rpartition("/")[2], "object": "model", "data": []})
        turn = self._turns.pop(0) if len(self._turns) > 1 else self._turns[0]
        if isinstance(turn, Answer):
            return turn
        question = Question(asked.path, asked.headers, asked.json)
        say = {CHAT: _chat, RESPONSES: _responses, MESSAGES: _messages}.get(asked.path)
        if say is None:
            return as_json({"error": {"message": f"no route {asked.path}"}}, 404)
        return as_json(say(question.body.get("model", ""), turn.tool or question.output_tool, dict(turn.output)))


@contextmanager
def models(*turns: Says | Answer) -> Iterator[ModelServer]:
    """A model server for the block."""
    server = ModelServer(*turns)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _chat(model: str, tool: str, given: dict[str, Any]) -> dict[str, Any]:
    called = {"id": "call_1", "type": "function", "function": {"name": tool, "arguments": json.dumps(given)}}
    message = {"content": None, "tool_calls": [called]} if tool else {"content": json.dumps(given)}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": model,
        "choices": [
            {
                "index": 0,
                "finish_reason": "tool_calls" if tool else "stop",
                "message": {"role": "assistant", "refusal": None, **message},
            }
        ],
        "usage": {
            "prompt_tokens": INPUT_TOKENS,
            "completion_tokens": OUTPUT_TOKENS,
            "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
        },
    }


def _responses(model: str, tool: str, given: dict[str, Any]) -> dict[str, Any]:
    arguments = json.dumps(given)
    called = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": tool, "arguments": arguments}
    text = {"type": "output_text", "text": arguments, "annotations": []}
    said = {"type": "message", "id": "msg_1", "role": "assistant", "content": [text]}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_790_000_000,
        "model": model,
        "status": "completed",
        "output": [{**(called if tool else said), "status": "completed"}],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": INPUT_TOKENS,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": OUTPUT_TOKENS,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
        },
    }


def _messages(model: str, tool: str, given: dict[str, Any]) -> dict[str, Any]:
    called = {"type": "tool_use", "id": "toolu_1", "name": tool, "input": given}
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [called if tool else {"type": "text", "text": json.dumps(given)}],
        "stop_reason": "tool_use" if tool else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": INPUT_TOKENS, "output_tokens": OUTPUT_TOKENS},
    }
