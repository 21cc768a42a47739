"""What people fill in and edit when they decide: models as schemas, and values held against them."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from workflows.engine import codec
from workflows.engine.errors import BatonError, InvalidInput
from workflows.engine.mistakes import words_of
from workflows.engine.model import Approval

MODEL = "x-baton-model"
"""Where a schema says which model it is of, as `module:name`."""
_PLAIN: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "array": list,
    "object": dict,
}


def schema_text(model: type[BaseModel]) -> str:
    """The JSON schema of a model, which also says where the model is; its fields in the model's order."""
    return _ordered(model.model_json_schema() | {MODEL: f"{model.__module__}:{model.__qualname__}"})


def editable_text(model: type[BaseModel], shown: str, name: str) -> str:
    """What may be edited of what is shown: the schema and today's values. Raises BatonError for a field not shown."""
    values, schema = json.loads(shown), json.loads(schema_text(model))
    wanted = list(schema.get("properties", {}))
    missing = [field for field in wanted if not isinstance(values, dict) or field not in values]
    if missing:
        raise BatonError(
            f"The approval {name} lets people edit {', '.join(missing)}, which `show` does not have. "
            f"Show an object with the fields of {model.__name__}, then resume."
        )
    return _ordered({"schema": schema, "values": {field: values[field] for field in wanted}})


def digest_of(approval: Approval) -> str:
    """Covers all that a person decides on: what is shown, filled in and edited, and who may decide."""
    who = approval.policy or approval.approvers  # with a policy all who may be asked later are in it
    parts = [approval.show, approval.fields, approval.editable, who, approval.quorum, approval.allow_self]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def sealed(approval: Approval) -> Approval:
    """The approval with the digest of what it says now."""
    return replace(approval, digest=digest_of(approval))


def current_values(approval: Approval) -> dict[str, Any]:
    """The values that may be edited, as they are now."""
    values: dict[str, Any] = json.loads(approval.editable)["values"] if approval.editable else {}
    return values


def edited_values(approval: Approval) -> dict[str, Any] | None:
    """The values as people edited them; None when nobody did."""
    return current_values(approval) if approval.editable and json.loads(approval.editable).get("edited") else None


def with_edited(approval: Approval, values: Mapping[str, Any]) -> Approval:
    """The approval over edited values: what is shown changes with them, and the digest too."""
    editable = json.loads(approval.editable) | {"values": dict(values), "edited": True}
    shown = json.loads(approval.show) | dict(values)
    return sealed(
        replace(
            approval,
            show=codec.encode(shown, f"What the approval {approval.name} shows"),
            editable=_ordered(editable),
        )
    )


def filled_in(approval: Approval, given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The values of the approval's fields; raises InvalidInput that names each wrong one."""
    if not approval.fields:
        if given:
            raise InvalidInput(f"{approval.title} has nothing to fill in, so leave {', '.join(given)} out.")
        return None
    return checked(json.loads(approval.fields), given or {}, approval.title)


def newly_edited(approval: Approval, given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """All editable values with the given ones in place; None when that changes nothing. Raises InvalidInput."""
    if not given:
        return None
    if not approval.editable:
        raise InvalidInput(f"{approval.title} can be approved as it is, not edited: ask for changes instead.")
    before, schema = current_values(approval), json.loads(approval.editable)["schema"]
    after = checked(schema, before | dict(given), approval.title)
    return None if after in (before, _normal(schema, before)) else after


def _normal(schema: Mapping[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Values as the form's model writes them; as they are where it does not take them."""
    try:
        return checked(schema, values, "")
    except InvalidInput:
        return values


def checked(schema: Mapping[str, Any], given: Mapping[str, Any], title: str) -> dict[str, Any]:
    """Values that fit a form, as plain JSON values; raises InvalidInput that names each wrong one.

    The form's model judges where it is installed here. Elsewhere names and plain types are looked at, and the
    workflow's body judges the rest.
    """
    names = schema.get("properties", {})
    unknown = {name: f"there is no such field, only {', '.join(names)}" for name in given if name not in names}
    if unknown:
        raise InvalidInput(_words(title, unknown), unknown)
    model = _model(schema)
    if model is None:
        return _roughly(schema, given, title)
    try:
        values: dict[str, Any] = TypeAdapter(model).validate_python(dict(given)).model_dump(mode="json", by_alias=True)
    except ValidationError as error:
        wrong = problems_of(error)
        raise InvalidInput(_words(title, wrong), wrong) from None
    return values


def problems_of(error: ValidationError) -> dict[str, str]:
    """What is wrong with each field, by its name; "" for the whole."""
    found: dict[str, str] = {}
    for each in error.errors():
        found.setdefault(".".join(str(part) for part in each["loc"]), words_of(each))
    return found


def _ordered(value: Mapping[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _words(title: str, wrong: Mapping[str, str]) -> str:
    said = "; ".join(f"{name}: {words}" if name else words for name, words in wrong.items())
    return f"{title} can't be decided like this. {said}."


def _model(schema: Mapping[str, Any]) -> type[BaseModel] | None:
    module, _, path = str(schema.get(MODEL, "")).partition(":")
    found: Any = sys.modules.get(module)
    for name in path.split("."):
        found = getattr(found, name, None)
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None


def _roughly(schema: Mapping[str, Any], given: Mapping[str, Any], title: str) -> dict[str, Any]:
    wrong: dict[str, str] = {name: "Field required" for name in schema.get("required", ()) if name not in given}
    values: dict[str, Any] = {}
    for name, value in given.items():
        kind = _PLAIN.get(schema["properties"][name].get("type"), Any)
        try:
            values[name] = TypeAdapter(kind).validate_python(value)
        except ValidationError as error:
            wrong[name] = words_of(error.errors()[0])
    if wrong:
        raise InvalidInput(_words(title, wrong), wrong)
    return values
