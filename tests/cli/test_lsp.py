"""A language server, as an editor meets it: it is started, and told of a module that is written."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.lsp.client import LanguageClient

COUNTER = r"""---- MODULE Counter ----
EXTENDS Naturals, Bounds
VARIABLE count
TypeOK == count \in 0 .. Most
Small == count < Most
Init == count = 0
Next == count < Most /\ count' = count + 1
Same(count2) == count2 = count
====
"""
CONFIG = "INIT Init\nNEXT Next\nINVARIANT TypeOK\n"
BOUNDS = "---- MODULE Bounds ----\nMost == 3\n====\n"


class Session:
    """A client, the module that it has open, and what it was told."""

    def __init__(self, client: LanguageClient, path: Path) -> None:
        self.client, self.uri = client, path.as_uri()
        self.diagnostics: asyncio.Queue[list[types.Diagnostic]] = asyncio.Queue()
        self.said: asyncio.Queue[str] = asyncio.Queue()
        client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(
            lambda given: self.diagnostics.put_nowait(given.diagnostics)
        )
        client.feature(types.WINDOW_SHOW_MESSAGE)(lambda given: self.said.put_nowait(given.message))
        client.feature(types.WINDOW_LOG_MESSAGE)(lambda given: None)

    async def open(self, text: str) -> list[types.Diagnostic]:
        document = types.TextDocumentItem(self.uri, "tlaplus", 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(document))
        return await self.diagnostics.get()

    async def change(self, text: str) -> list[types.Diagnostic]:
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(uri=self.uri, version=2),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )
        return await self.diagnostics.get()

    @property
    def document(self) -> types.TextDocumentIdentifier:
        return types.TextDocumentIdentifier(self.uri)

    async def definition(self, line: int, character: int) -> Any:
        place = types.Position(line, character)
        return await self.client.text_document_definition_async(
            types.DefinitionParams(self.document, place)
        )

    async def hover(self, line: int, character: int) -> str | None:
        place = types.Position(line, character)
        found = await self.client.text_document_hover_async(types.HoverParams(self.document, place))
        if found is None:
            return None
        assert isinstance(found.contents, types.MarkupContent)
        return found.contents.value.removeprefix("```tla\n").removesuffix("\n```")

    async def actions(self, line: int) -> Any:
        place = types.Position(line, 0)
        return await self.client.text_document_code_action_async(
            types.CodeActionParams(
                self.document, types.Range(place, place), types.CodeActionContext([])
            )
        )


def in_editor(folder: Path, does: Callable[[Session], Awaitable[None]]) -> None:
    """Start the server, and do something with a module that is open."""
    path = folder / "Counter.tla"
    path.write_text(COUNTER)
    path.with_suffix(".cfg").write_text(CONFIG)
    (folder / "Bounds.tla").write_text(BOUNDS)

    async def run() -> None:
        client = LanguageClient("an editor", "1")
        session = Session(client, path)
        await client.start_io(sys.executable, "-m", "raft_ref", "spec", "lsp")
        try:
            await client.initialize_async(types.InitializeParams(types.ClientCapabilities()))
            client.initialized(types.InitializedParams())
            await does(session)
        finally:
            await client.shutdown_async(None)
            client.exit(None)
            await client.stop()  # type: ignore[no-untyped-call]

    asyncio.run(asyncio.wait_for(run(), 120))


def test_an_editor_is_told(tmp_path: Path) -> None:
    async def does(session: Session) -> None:
        assert not await session.open(COUNTER)
        # Errors come as one types, all that are found in one go, in the words of `spec check`.
        wrong = COUNTER.replace("count = 0", "cout = Mist")
        errors = await session.change(wrong)
        assert [each.message for each in errors] == [
            "unknown name cout; did you mean count?",
            "unknown name Mist; did you mean Most?",
        ]
        assert errors[0].range == types.Range(types.Position(5, 8), types.Position(5, 12))
        # What could be read still has a meaning: in this file, or in another.
        at = await session.definition(6, 9)
        assert (at.uri, at.range.start) == (session.uri, types.Position(2, 9))
        at = await session.definition(6, 17)
        assert at.uri == (tmp_path / "Bounds.tla").as_uri()
        assert at.range == types.Range(types.Position(1, 0), types.Position(1, 4))
        assert await session.definition(0, 0) is None
        # A name that means nothing hides no set of another.
        [error] = await session.change(
            COUNTER.replace("Small == count < Most", "Small == cout \\in Nat")
        )
        assert error.message.startswith("unknown name cout")
        assert await session.hover(2, 10) is None  # where it is declared it is no use of it
        assert await session.hover(5, 9) == "VARIABLE count\nTypeOK: count \\in 0 .. Most"
        # Where the text cannot be read at all, the names are those of before.
        [error] = await session.change(COUNTER.replace("count < Most /", "count < ) /"))
        assert error.message.startswith("syntax error")
        assert await session.hover(3, 12) == "VARIABLE count\nTypeOK: count \\in 0 .. Most"

    in_editor(tmp_path, does)


@pytest.mark.long
def test_what_a_name_means(tmp_path: Path) -> None:
    async def does(session: Session) -> None:
        await session.open(COUNTER)
        assert await session.hover(4, 18) == "Most ==\n  3"
        assert await session.hover(7, 18) == "a parameter: count2"
        assert await session.hover(7, 1) == "Same(count2) ==\n  count2 = count"
        assert await session.hover(8, 1) is None
        # Characters that count twice in the protocol, and a tab.
        await session.change(
            COUNTER.replace("count < Most /\\", '\t"😀" # "" /\\ count <\tMost /\\')
        )
        assert await session.hover(6, 23) == "VARIABLE count\nTypeOK: count \\in 0 .. Most"
        assert await session.hover(6, 31) == "Most ==\n  3"

    in_editor(tmp_path, does)


@pytest.mark.long
def test_a_fault_of_another_file_is_told_with_its_place(tmp_path: Path) -> None:
    async def does(session: Session) -> None:
        (tmp_path / "Bounds.tla").write_text(BOUNDS.replace("3", "three"))
        [error] = await session.open(COUNTER)
        assert error.range.start == types.Position(0, 0)
        assert error.message == f"{tmp_path / 'Bounds.tla'}:2:9: unknown name three"

    in_editor(tmp_path, does)


@pytest.mark.long
@pytest.mark.parametrize(
    ("line", "name", "said"),
    [(3, "TypeOK", "HOLDS"), (4, "Small", "VIOLATED: Small")],
)
def test_an_invariant_is_checked_alone(line: int, name: str, said: str, tmp_path: Path) -> None:
    async def does(session: Session) -> None:
        await session.open(COUNTER)
        assert not await session.actions(7)  # it takes arguments
        [action] = await session.actions(line)
        assert action.title == f"Check {name} alone"
        await session.client.workspace_execute_command_async(
            types.ExecuteCommandParams(action.command, action.arguments)
        )
        assert (await session.said.get()).startswith(f"{name}: {said}")

    in_editor(tmp_path, does)
