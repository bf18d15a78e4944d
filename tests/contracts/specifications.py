"""Specifications of providers, read so that a request can be held to them.

`complaints` of each is empty where the provider would take the request, and otherwise says what is wrong with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from jsonschema import Draft202012Validator

from tests.channels.harness import units

_PLAIN: dict[str, tuple[type, ...]] = {
    "Integer": (int,),
    "Float": (int, float),
    "String": (str,),
    "Boolean": (bool,),
}


class BotApi:
    """Telegram's methods and types. In it every type is known by name, and lists are `Array of …`."""

    def __init__(self, specification: Mapping[str, Any]) -> None:
        self._methods, self._types = specification["methods"], specification["types"]

    def complaints(self, method: str, parameters: Mapping[str, Any]) -> list[str]:
        """Hold a call to the specification; parameters as JSON."""
        if method not in self._methods:
            return [f"there is no method {method}"]
        return list(self._fields(self._methods[method], parameters, method))

    def of_type(self, name: str, value: Any) -> list[str]:
        """Hold a value to a type, such as an `Update` that was received."""
        return list(self._value([name], value, name))

    def parameters(self, method: str, content_type: str, body: bytes) -> dict[str, Any]:
        """Read the parameters of a call: in a form all but texts is JSON."""
        if content_type.startswith("application/json"):
            return dict(json.loads(body))
        form = parse_qsl(body.decode(), keep_blank_values=True)
        text = {
            each["name"] for each in self._methods[method].get("fields", ()) if each["types"] == ["String"]
        }
        return {name: value if name in text else _json_or_text(value) for name, value in form}

    def _fields(self, owner: Mapping[str, Any], given: Mapping[str, Any], where: str) -> Iterator[str]:
        known = {each["name"]: each for each in owner.get("fields", ())}
        yield from (f"{where}: {name} is not known" for name in given if name not in known)
        for name, each in known.items():
            if name in given:
                yield from self._value(each["types"], given[name], f"{where}.{name}", each["description"])
            elif each["required"]:
                yield f"{where}: {name} is missing"

    def _value(self, types: list[str], value: Any, where: str, described: str = "") -> Iterator[str]:
        found = [list(self._one(each, value, where)) for each in types]
        if all(found):
            yield from min(found, key=len)
        length = re.search(r"\b(\d+)-(\d+) (?:characters|bytes)", described)
        if length and isinstance(value, str) and not int(length[1]) <= units(value) <= int(length[2]):
            yield f"{where}: {units(value)} long, and it must be {length[0]}"

    def _one(self, name: str, value: Any, where: str) -> Iterator[str]:
        if name.startswith("Array of "):
            if not isinstance(value, list):
                yield f"{where}: not a list"
                return
            for place, each in enumerate(value):
                yield from self._one(name.removeprefix("Array of "), each, f"{where}[{place}]")
        elif name in _PLAIN:
            if not isinstance(value, _PLAIN[name]) or isinstance(value, bool) != (name == "Boolean"):
                yield f"{where}: not a {name}"
        elif subtypes := self._types.get(name, {}).get("subtypes"):
            yield from self._value(subtypes, value, where)
        elif not isinstance(value, dict):
            yield f"{where}: not a {name}"
        elif name in self._types:
            yield from self._fields(self._types[name], value, where)


class OpenApi:
    """A specification in OpenAPI 3."""

    def __init__(self, specification: Mapping[str, Any]) -> None:
        self._paths = specification["paths"]
        self._components = specification["components"]

    def complaints(self, method: str, address: str, content_type: str, body: bytes) -> list[str] | None:
        """Hold a request to the specification; None where it does not have this path.

        Args:
            address: path and query.
        """
        parts = urlsplit(address)
        for template, operations in self._paths.items():
            names = re.findall(r"{([^}]+)}", template)
            values = re.fullmatch(re.sub(r"\\{[^}]+\\}", "([^/]+)", re.escape(template)), parts.path)
            operation = operations.get(method.lower())
            if values is None or operation is None:
                continue
            parameters = [*operations.get("parameters", ()), *operation.get("parameters", ())]
            named = {each["name"]: each["schema"] for each in parameters if "name" in each}
            given = dict(zip(names, values.groups(), strict=True))
            given |= {name: value[-1] for name, value in parse_qs(parts.query).items()}
            found = [f"{name} is not known" for name in given if name not in named and name not in names]
            for name, value in given.items():
                found += self._against(named.get(name, {}), _as_wanted(named.get(name, {}), [value]), name)
            return found + self._body(operation.get("requestBody"), content_type, body)
        return None

    def _body(self, wanted: Mapping[str, Any] | None, content_type: str, body: bytes) -> list[str]:
        if wanted is None:
            return ["there must be no body"] if body else []
        kind = content_type.partition(";")[0]
        if kind not in wanted["content"]:
            return [f"the body must not be {kind}"]
        schema = wanted["content"][kind]["schema"]
        if kind == "application/json":
            return self._against(schema, json.loads(body), "body")
        properties = schema["properties"]
        form = parse_qs(body.decode(), keep_blank_values=True, strict_parsing=True)
        found = [f"{name} is not known" for name in form if name not in properties]
        for name in form.keys() & properties.keys():
            found += self._against(properties[name], _as_wanted(properties[name], form[name]), name)
        return found + [f"{name} is missing" for name in schema.get("required", ()) if name not in form]

    def _against(self, schema: Any, value: Any, where: str) -> list[str]:
        whole = {"allOf": [_modern(schema)], "components": _modern(self._components)}
        return [f"{where}: {error.message[:300]}" for error in Draft202012Validator(whole).iter_errors(value)]


def _modern(schema: Any) -> Any:
    """Put a schema of OpenAPI 3.0 into today's JSON Schema.

    There `nullable` is a type. And a schema made of several that each allow nothing else could never be met: Meta
    means that nothing but all of them together is allowed.
    """
    if isinstance(schema, list):
        return [_modern(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _modern(value) for name, value in schema.items() if name not in ("example", "examples")}
    if made.pop("nullable", False) is True and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    if isinstance(made.get("allOf"), list) and any(
        isinstance(each, dict) and each.get("additionalProperties") is False for each in made["allOf"]
    ):
        for each in made["allOf"]:
            each.pop("additionalProperties", None)
        made["unevaluatedProperties"] = False
    return made


def _as_wanted(schema: Mapping[str, Any], values: list[str]) -> Any:
    """Read what stands in a form or an address as what the schema has there."""
    match schema.get("type"):
        case "array":
            return values
        case "integer" | "boolean" | "number":
            return _json_or_text(values[-1])
    return values[-1]


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value
