"""The Bot API's own description as a judge: what is wrong with a request, parameter by parameter."""

import json
from functools import cache
from pathlib import Path
from typing import Any

SPECIFICATION = Path(__file__).parent / "botapi" / "botapi_spec.json"


class BadRequest(Exception):
    """Telegram would refuse this request; the message is the description it answers with."""


@cache
def _specification() -> dict[str, Any]:
    return json.loads(SPECIFICATION.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def knows(method: str) -> bool:
    """Whether the Bot API has *method*."""
    return method in _specification()["methods"]


def read(method: str, raw: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a call of *method*, in their types: form fields come as text and JSON.

    Raises `BadRequest` for an unknown or missing parameter, a wrong type, or a text out of its limits.
    """
    described = _specification()["methods"][method]["params"]
    if unknown := sorted(set(raw) - set(described)):
        raise BadRequest(f"{method} has no parameter {', '.join(unknown)}")
    if missing := sorted(name for name, about in described.items() if about.get("required") and name not in raw):
        raise BadRequest(f"{method} lacks {', '.join(missing)}")
    return {name: _value(described[name], value, name) for name, value in raw.items()}


def _value(about: dict[str, Any], value: Any, where: str) -> Any:
    reasons = []
    for kind in about["types"]:
        decoded = _decoded(kind, value)
        if decoded is not None and not (reason := _misfit(kind, decoded, where)):
            _keep_limit(about, decoded, where)
            return decoded
        reasons.append(f"{where} is no {kind}" if decoded is None else reason)
    raise BadRequest("; ".join(reasons))


def _decoded(kind: str, value: Any) -> Any:
    """*value* as *kind*; None when it can't be."""
    if not isinstance(value, str):
        return value
    if kind == "String":
        return value
    if kind == "Boolean":
        return {"true": True, "false": False}.get(value.lower())
    try:
        return json.loads(value)
    except ValueError:
        return None


def _misfit(kind: str, value: Any, where: str) -> str:
    """Why *value* is no *kind*; empty when it is one."""
    if kind.startswith("Array of "):
        if not isinstance(value, list):
            return f"{where} is no {kind}"
        inner = kind.removeprefix("Array of ")
        return next((reason for item in value if (reason := _misfit(inner, item, f"{where}[]"))), "")
    is_one = {
        "Integer": isinstance(value, int) and not isinstance(value, bool),
        "Float": isinstance(value, int | float) and not isinstance(value, bool),
        "String": isinstance(value, str),
        "Boolean": isinstance(value, bool),
        "InputFile": isinstance(value, bytes),
    }.get(kind)
    if is_one is None:
        return _misfit_object(kind, value, where)
    return "" if is_one else f"{where} is no {kind}"


def _misfit_object(kind: str, value: Any, where: str) -> str:
    if not isinstance(value, dict):
        return f"{where} is no {kind}"
    fields = _specification()["types"][kind].get("fields")
    if fields is None:  # a union such as BotCommandScope: any of its members will do
        return ""
    if unknown := sorted(set(value) - set(fields)):
        return f"{where}: {kind} has no field {', '.join(unknown)}"
    if missing := sorted(name for name, about in fields.items() if about.get("required") and name not in value):
        return f"{where}: {kind} lacks {', '.join(missing)}"
    for name, inner in value.items():
        reasons = [_misfit(option, inner, f"{where}.{name}") for option in fields[name]["types"]]
        if all(reasons):
            return "; ".join(reasons)
        _keep_limit(fields[name], inner, f"{where}.{name}")
    return ""


def _keep_limit(about: dict[str, Any], value: Any, where: str) -> None:
    limit = about.get("limit")
    if not limit or limit.get("after_parsing") or not isinstance(value, str):
        return
    size = len(value.encode("utf-8", "surrogatepass")) if limit["unit"] == "bytes" else len(value)
    if not limit["min"] <= size <= limit["max"]:
        raise BadRequest(f"{where} has {size} {limit['unit']}, not {limit['min']} to {limit['max']}")
