"""Incoming parameters held against the SDK's own parameter types, so that a wrong call fails here as at Stripe."""

import sys
import types
import typing
from typing import Any, ForwardRef, Union

import typing_extensions
from stripe import RequestOptions

from marketplace.sandbox.stripe.error import StripeRefusal
from marketplace.sandbox.stripe.state import Json

OPTION_NAMES = frozenset(RequestOptions.__annotations__)
NOT_REQUIRED = (typing.NotRequired, typing_extensions.NotRequired)


def read_form(pairs: list[tuple[str, str]]) -> Json:
    """Turn `a[b][0]=x` pairs into nested mappings; lists stay mappings keyed by number until their type is known."""
    tree: Json = {}
    for name, value in pairs:
        parts = name.replace("]", "").split("[")
        node = tree
        for part in parts[:-1]:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                raise refuse_parameter("parameter_invalid", f"Invalid parameter: {name}", name)
        if parts[-1] == "":
            parts[-1] = str(len(node))
        node[parts[-1]] = value
    return tree


def check(params: Json, shape: type | None) -> Json:
    """Parameters as Python values; refuses unknown names, missing ones and values of the wrong type."""
    if shape is None:
        if params:
            raise unknown(next(iter(params)))
        return {}
    return _mapping(params, shape, "")


def _fields(shape: type) -> dict[str, tuple[Any, bool]]:
    """Name -> (type, required) of a TypedDict, its bases included."""
    found: dict[str, tuple[Any, bool]] = {}
    for base in reversed([shape, *getattr(shape, "__orig_bases__", ())]):
        if not hasattr(base, "__annotations__"):
            continue
        for name, hint in base.__annotations__.items():
            if name in OPTION_NAMES:
                continue
            hint = _resolve(hint, shape)
            required = typing.get_origin(hint) not in NOT_REQUIRED
            found[name] = (hint if required else _resolve(typing.get_args(hint)[0], shape), required)
    return found


def _resolve(hint: Any, shape: type) -> Any:
    """A type from its written form, looked up in the module that declares it."""
    text = hint.__forward_arg__ if isinstance(hint, ForwardRef) else hint
    if not isinstance(text, str):
        return hint
    names = {**vars(typing), **vars(typing_extensions), **vars(sys.modules[shape.__module__])}
    return eval(text, names)  # noqa: S307  # the text is a type written in the SDK, never anything that came in


def _mapping(value: Any, shape: type, path: str) -> Json:
    if not isinstance(value, dict):
        raise refuse_parameter("parameter_invalid", f"Invalid object: {path}", path)
    fields = _fields(shape)
    for name in value:
        if name not in fields:
            raise unknown(_join(path, name))
    for name, (_, required) in fields.items():
        if required and name not in value:
            missing = _join(path, name)
            raise refuse_parameter("parameter_missing", f"Missing required param: {missing}.", missing)
    return {name: _value(each, fields[name][0], _join(path, name), shape) for name, each in value.items()}


def _value(value: Any, hint: Any, path: str, shape: type) -> Any:
    hint = _resolve(hint, shape)
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        return _one_of(value, args, path, shape)
    if origin in (typing.Literal, typing_extensions.Literal):
        return _literal(value, args, path)
    if origin is list:
        return _list(value, args[0], path, shape)
    if origin is dict:
        return {name: _value(each, args[1], _join(path, name), shape) for name, each in _plain(value, path).items()}
    if typing_extensions.is_typeddict(hint):
        return _mapping(value, hint, path)
    return _scalar(value, hint, path)


def _one_of(value: Any, args: tuple[Any, ...], path: str, shape: type) -> Any:
    """The first alternative that fits. Words listed beside `str` are closed: a server refuses unknown ones."""
    literals = [a for a in (_resolve(a, shape) for a in args) if typing.get_origin(a) is typing.Literal]
    kept = [a for a in args if not (literals and a is str) and not _is_answer_type(_resolve(a, shape))]
    refusal = refuse_parameter("parameter_invalid", f"Invalid value: {path}", "")
    for arg in kept:
        try:
            return _value(value, arg, path, shape)
        except StripeRefusal as error:
            # What is wrong inside a mapping says more than "it is not a word".
            if len(error.param or "") > len(refusal.param or ""):
                refusal = error
    raise refusal


def _is_answer_type(hint: Any) -> bool:
    """Whether an alternative only lets an SDK answer be passed back in: on the wire it is the mapping beside it."""
    return getattr(typing.get_origin(hint), "__name__", "") == "UntypedStripeObject"


def _literal(value: Any, words: tuple[Any, ...], path: str) -> Any:
    for word in words:
        if value == word or (isinstance(word, bool) and value == str(word).lower()):
            return word
    listed = ", ".join(str(word) for word in words if word != "")
    raise refuse_parameter("parameter_invalid", f"Invalid {path}: must be one of {listed}", path)


def _list(value: Any, item: Any, path: str, shape: type) -> list[Any]:
    if isinstance(value, dict) and all(key.isdigit() for key in value):
        value = [value[key] for key in sorted(value, key=int)]
    if not isinstance(value, list):
        raise refuse_parameter("parameter_invalid", f"Invalid array: {path}", path)
    return [_value(each, item, f"{path}[{index}]", shape) for index, each in enumerate(value)]


def _plain(value: Any, path: str) -> Json:
    if not isinstance(value, dict):
        raise refuse_parameter("parameter_invalid", f"Invalid object: {path}", path)
    return value


def _scalar(value: Any, hint: Any, path: str) -> Any:
    if hint in (Any, object):
        return value
    if isinstance(value, dict | list):
        raise refuse_parameter("parameter_invalid", f"Invalid string: {path}", path)
    if hint is bool:
        if str(value).lower() not in ("true", "false"):
            raise refuse_parameter("parameter_invalid", f"Invalid boolean: {value}", path)
        return str(value).lower() == "true"
    if hint is int:
        if isinstance(value, bool) or not str(value).lstrip("-").isdigit():
            raise refuse_parameter("parameter_invalid_integer", f"Invalid integer: {value}", path)
        return int(value)
    if hint is float:
        return float(value)
    return value if value is None else str(value)


def _join(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name


REMOVED = {"payment_method_types": "payment_method_types_no_longer_supported"}
"""Names the pinned version no longer takes although older ones did, and Stripe's code for each."""


def unknown(name: str) -> StripeRefusal:
    """What Stripe says of a name it does not know, or no longer."""
    if name in REMOVED:
        return refuse_parameter(REMOVED[name], f"{name} is no longer supported.", name)
    return refuse_parameter("parameter_unknown", f"Received unknown parameter: {name}", name)


def refuse_parameter(code: str, message: str, name: str) -> StripeRefusal:
    """A 400 that names the parameter."""
    return StripeRefusal(400, "invalid_request_error", message, code=code, param=name)
