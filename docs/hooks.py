"""What the documents show of the repository, put in as they are built.

- A link from a page to a file of the repository leads to a page with that file: a document as it
  is, code with its colours, a picture. So do the links of documents that are shown so.
- ```raft NAME``` stands for an action of Raft.tla beside the method of the node of that name.
- The reference of the commands is made of their parser, that of the properties of the .tla file.
"""

from __future__ import annotations

import argparse
import ast
import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from raft_ref.cli.parser import parser_of
from raft_ref.spec.link import camel_case

ROOT = Path(__file__).resolve().parent.parent
SHOWN = "repository"
"""The folder of the site in which files of the repository are shown."""
LANGUAGES = {
    ".py": "python", ".tla": "text", ".cfg": "ini", ".go": "go", ".txt": "text", ".yml": "yaml",
    ".sh": "bash", ".hpp": "cpp", ".rs": "rust", ".ndjson": "json", ".json": "json",
    ".toml": "toml",
}  # fmt: skip
LINK = re.compile(r"(\]\()(?!https?:|#|mailto:)([^)\s#]+)(#[^)\s]*)?(\))")
MADE = {"reference/commands.md", "reference/properties.md"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made, and those of the files that pages link to."""
    files.append(File.generated(config, "reference/commands.md", content=commands()))
    files.append(File.generated(config, "reference/properties.md", content=properties()))
    left = [_origin(each.src_uri) for each in files if each.is_documentation_page()]
    shown: set[Path] = set()
    while left:
        origin = left.pop()
        if origin.suffix != ".md" or not origin.exists():
            continue
        for target in _linked(origin):
            if target not in shown:
                shown.add(target)
                left.append(target)
    for file in sorted(shown):
        _show(file, files, config)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Put in what is shown, and let links lead to it."""
    here = page.file.src_uri
    text = re.sub(r"^```raft\n(\w+)\n```$", lambda found: beside(found[1]), markdown, flags=re.M)

    def led(found: re.Match[str]) -> str:
        file = _file((_origin(here).parent / found[2]).resolve())
        if not _is_shown(file) or files.get_file_from_path(_place(file)) is None:
            return found[0]
        way = posixpath.relpath(_place(file), posixpath.dirname(here) or ".")
        return f"{found[1]}{way}{found[3] or ''}{found[4]}"

    return text if here in MADE else LINK.sub(led, text)


def _origin(uri: str) -> Path:
    """Return the file in the repository that a page of the site shows."""
    if uri.startswith(f"{SHOWN}/"):
        return ROOT / uri.removeprefix(f"{SHOWN}/")
    return ROOT / "docs" / uri


def _linked(origin: Path) -> list[Path]:
    """Return the files of the repository, outside of docs/, to which a document links."""
    found = LINK.findall(origin.read_text(encoding="utf-8"))
    targets = [_file((origin.parent / each[1]).resolve()) for each in found]
    return [each for each in targets if each.exists() and _is_shown(each)]


def _is_shown(target: Path) -> bool:
    return target.is_relative_to(ROOT) and not target.is_relative_to(ROOT / "docs")


def _file(target: Path) -> Path:
    """Return the file that a link leads to: of a folder, the one that tells of it."""
    if not target.is_dir():
        return target
    return target / ("README.md" if (target / "README.md").exists() else "__init__.py")


def _place(file: Path) -> str:
    """Return where a file of the repository stands in the site."""
    uri = f"{SHOWN}/{file.relative_to(ROOT).as_posix()}"
    return f"{uri}.md" if file.suffix in LANGUAGES else uri


def _show(file: Path, files: Files, config: MkDocsConfig) -> None:
    if file.suffix in LANGUAGES:
        name = file.relative_to(ROOT).as_posix()
        code = file.read_text(encoding="utf-8")
        content = f"# {name}\n\n````{LANGUAGES[file.suffix]}\n{code}\n````\n"
        files.append(File.generated(config, _place(file), content=content))
    else:
        files.append(File.generated(config, _place(file), abs_src_path=os.fspath(file)))


def beside(name: str) -> str:
    """Return an action of Raft.tla beside the method of the node that takes it."""
    return (
        '<div class="beside" markdown>\n\n'
        f'```text title="spec/Raft.tla"\n{_operator(name)}\n```\n\n'
        f'```python title="raft_ref/node.py"\n{_method(name)}\n```\n\n</div>'
    )


def _operator(name: str, path: str = "spec/Raft.tla") -> str:
    text = (ROOT / path).read_text(encoding="utf-8")
    whole = rf"^{name}(\([^)\n]*\))? ==.*?(?=\n\n|\n\\\*|\n====|\n----)"
    found = re.search(whole, text, re.M | re.S)
    if found is None:
        raise ValueError(f"{path} has no {name}")
    return found[0]


def _method(name: str) -> str:
    text = (ROOT / "raft_ref/node.py").read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and _is_of(node.name, name):
            lines = text.splitlines()[node.lineno - 1 : node.end_lineno]
            return "\n".join(line.removeprefix("    ") for line in lines)
    raise ValueError(f"the node has no method for {name}")


def _is_of(method: str, action: str) -> bool:
    whole = camel_case(method)
    return whole[:1].upper() + whole[1:] == action


def commands() -> str:
    """Return the reference of the commands: what --help says of each, and of its parts."""
    parser = parser_of(None, every=True)
    told = ["# Commands", "What `raft-ref COMMAND --help` says."]
    for each in list(_within(parser)):
        level = "#" * (each.prog.count(" ") + 1)
        told += [f"{level} {each.prog}", f"```text\n{each.format_help().strip()}\n```"]
    return "\n\n".join(told)


def _within(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield the parsers of the commands of one, and of theirs."""
    for action in parser._actions:  # argparse has no other way to them
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                yield each
                yield from _within(each)


def properties() -> str:
    """Return the reference of the properties: each with the words and the formula of the spec."""
    path = "spec/RaftInvariants.tla"
    source = (ROOT / path).read_text(encoding="utf-8")
    text = [
        "# Properties\n",
        "The operators of [RaftInvariants.tla](../repository/spec/RaftInvariants.tla.md), evaluated"
        " from that file. Those whose names begin with `Sometimes` must be reached.\n",
    ]
    for found in re.finditer(r"((?:^\\\*.*\n|^\(\*(?:.|\n)*?\*\)\n)*)^([A-Z]\w*) ==", source, re.M):
        words = re.sub(r"^\\\* ?|^\(\*+|\*+\)$", "", found[1], flags=re.M).strip()
        formula = _operator(found[2], path)
        text.append(f"## {found[2]}\n\n{words}\n\n```text\n{formula}\n```\n")
    return "\n".join(text)
