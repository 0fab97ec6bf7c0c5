"""YAML as people write it by hand: read strictly, with the line of each field for whoever mends it."""

from typing import Any

import yaml


def read(text: str) -> Any:
    """What *text* says, dates as text. Raises `yaml.YAMLError`, also where a key stands twice."""
    return yaml.load(text, _Loader)  # noqa: S506 (a SafeLoader)


def line_of(text: str, *where: int | str, default: int = 1) -> int:
    """The line, from 1, of a field of *text* such as ("places", "kela-oulu", "url"), or of its nearest written parent;
    *default* when not even the first step is there."""
    node, line = yaml.compose(text, _Loader), default
    for step in where:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == step), None)
            if found is None:
                break
            key, node = found
            line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
    return line


def lines_of_fields(text: str) -> list[tuple[str, int]]:
    """The fields of *text* at its first level and the line, from 1, that each begins on. Raises `yaml.YAMLError`."""
    node = yaml.compose(text, _Loader)
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return [(key.value, key.start_mark.line + 1) for key, _ in pairs]


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Plain YAML in which a key stands once and dates stay text; libyaml's where it is there, ten times faster.

    PyYAML would take the last of two equal keys, and stop at an impossible date without saying where.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 (PyYAML's own name for it)
        first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{key.value} stands twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)  # type: ignore[no-any-return]
