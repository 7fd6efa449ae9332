"""What the page asks, read from JSON that anybody may have written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from raft_ref.features import Feature
from raft_ref.spec.requests import RequestError
from raft_ref.verify import ClusterRequest, GivenSizes

MOST_STEPS = 5000
MOST_SERVERS = 9
MOST_VALUES = 9
_KNOWN = ("bug", "with", "servers", "values", "voters", "network")


def cluster_of(asked: Mapping[str, Any], default: ClusterRequest) -> ClusterRequest:
    """Return the cluster that a link names: nothing is the one that the command was given.

    Raises `RequestError`. Code is never loaded by a link: a known bug, features and sizes are all
    that it can name.
    """
    words = _object(asked.get("cluster", {}), "cluster")
    if not words:
        return default
    for name in words:
        if name not in _KNOWN:
            raise RequestError(f"{name}: a link knows {', '.join(_KNOWN)}", is_named=False)
    return ClusterRequest(
        bug=_text(words["bug"], "bug") if words.get("bug") else None,
        sizes=GivenSizes(
            servers=_number(words, "servers", MOST_SERVERS),
            values=_number(words, "values", MOST_VALUES),
            voters=_number(words, "voters", MOST_SERVERS),
        ),
        features=_features(_text(words.get("with", "none"), "with")),
        network="fifo" if words.get("network") == "fifo" else "set",
        properties=replace(default.properties, spec=None, raft=None),
    )


def _features(text: str) -> frozenset[Feature]:
    try:
        return Feature.of_option(text, frozenset(Feature))
    except ValueError as error:
        raise RequestError(f"with {error}", is_named=False) from error


def address_of(asked: Mapping[str, Any]) -> list[str]:
    """Return the address that is asked for: a list of names. Raises `RequestError`."""
    names = asked.get("at", [])
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise RequestError("at: expected a list of names of steps", is_named=False)
    if len(names) > MOST_STEPS:
        raise RequestError(f"at: {len(names)} steps, expected at most {MOST_STEPS}", is_named=False)
    return names


def text_of(asked: Mapping[str, Any], name: str) -> str:
    """Return a text that is asked for. Raises `RequestError`."""
    return _text(asked.get(name, ""), name)


def numbers_of(asked: Mapping[str, Any], name: str) -> dict[str, int]:
    """Return numbers by name. Raises `RequestError`."""
    given = _object(asked.get(name, {}), name)
    return {each: number for each in given if (number := _number(given, each, 10**6)) is not None}


def object_of(asked: Any) -> Mapping[str, Any]:
    """Return what was asked as an object. Raises `RequestError`."""
    return _object(asked, "what is asked")


def _object(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise RequestError(f"{name}: expected an object", is_named=False)
    return value


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise RequestError(f"{name}: expected a text", is_named=False)
    return value


def _number(words: Mapping[str, Any], name: str, most: int) -> int | None:
    value = words.get(name)
    if value is None or value == "":
        return None
    text = str(value)
    if not text.isascii() or not text.isdecimal() or int(text) > most:
        raise RequestError(f"{name} {text}: expected a number up to {most}", is_named=False)
    return int(text)
