"""The language server: what `spec.editing` says of a module, in the words of the protocol.

The rule: nothing is made out here. A check is a command, run as a person would run it.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.workspace import TextDocument

from raft_ref import __version__
from raft_ref.spec.editing import Draft, Use
from raft_ref.spec.syntax import expressions as tree
from raft_ref.spec.syntax.errors import Position, SpecError

CHECK = "raft-ref.check"
"""The command that the code action is."""
MOST_SECONDS = 60.0
"""How long a check may take; it tells then what it has covered."""


class Editor:
    """What is known of the modules that an editor has open.

    Arguments: the server; more folders in which modules are looked for.
    """

    def __init__(self, server: LanguageServer, library: Sequence[Path]) -> None:
        self._server = server
        self._library = library
        # As all stands now; and the latest that could be read: an error hides no names elsewhere.
        self._drafts: dict[str, Draft] = {}
        self._readable: dict[str, Draft] = {}

    def faults(self, uri: str) -> list[types.Diagnostic]:
        """Return what is wrong with a module, of which the editor tells that it is another now."""
        self._drafts.clear()  # also those that use it
        errors = self._draft(uri).errors
        return [_diagnostic(self._document(uri), each) for each in errors]

    def use(self, uri: str, position: types.Position) -> tuple[Draft, Use] | None:
        """Return the name at a place, with the module that it was found in."""
        made = self._draft(uri)
        draft = self._readable.get(uri, made) if made.errors else made
        use = draft.use_at(*_from_client(self._document(uri), position))
        return None if use is None else (draft, use)

    def place(self, at: Position) -> types.Location:
        """Return a place in any file, as the protocol has it."""
        uri = Path(at.file).resolve().as_uri()
        return types.Location(uri, _range(self._document(uri), at))

    def _draft(self, uri: str) -> Draft:
        if uri not in self._drafts:
            open_ones = self._server.workspace.text_documents.values()
            unsaved = {Path(each.path): each.source for each in open_ones}
            made = Draft(Path(self._document(uri).path), unsaved, self._library)
            self._drafts[uri] = made
            if any(made.definitions):
                self._readable[uri] = made
        return self._drafts[uri]

    def _document(self, uri: str) -> TextDocument:
        return self._server.workspace.get_text_document(uri)


def server(library: Sequence[Path] = ()) -> LanguageServer:
    """Return the server, which looks for modules in a library of folders too."""
    made = LanguageServer("raft-ref", __version__)
    editor = Editor(made, library)
    for feature in (
        types.TEXT_DOCUMENT_DID_OPEN,
        types.TEXT_DOCUMENT_DID_CHANGE,
        types.TEXT_DOCUMENT_DID_SAVE,
    ):
        made.feature(feature)(lambda given: _publish(made, editor, given.text_document.uri))
    _answer_questions(made, editor)

    @made.thread()
    @made.command(CHECK)
    def check(uri: str, name: str) -> None:
        _check(made, Path(made.workspace.get_text_document(uri).path), name)

    return made


def _answer_questions(made: LanguageServer, editor: Editor) -> None:
    @made.feature(types.TEXT_DOCUMENT_DEFINITION)
    def definition(given: types.DefinitionParams) -> types.Location | None:
        found = editor.use(given.text_document.uri, given.position)
        at = found and getattr(found[1].meaning, "at", None)
        return editor.place(at) if at else None

    @made.feature(types.TEXT_DOCUMENT_HOVER)
    def hover(given: types.HoverParams) -> types.Hover | None:
        found = editor.use(given.text_document.uri, given.position)
        if found is None:
            return None
        draft, use = found
        text = f"```tla\n{draft.told(use)}\n```"
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text))

    @made.feature(types.TEXT_DOCUMENT_CODE_ACTION)
    def actions(given: types.CodeActionParams) -> list[types.Command]:
        uri = given.text_document.uri
        found = editor.use(uri, given.range.start)
        if found is None or not _can_be_checked(*found):
            return []
        name = found[1].name
        return [types.Command(f"Check {name} alone", CHECK, arguments=[uri, name])]


def _can_be_checked(draft: Draft, use: Use) -> bool:
    meaning = use.meaning
    is_formula = isinstance(meaning, tree.Definition) and not meaning.parameters
    return is_formula and draft.path.with_suffix(".cfg").is_file()


def _publish(made: LanguageServer, editor: Editor, uri: str) -> None:
    made.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, editor.faults(uri)))


def _check(made: LanguageServer, path: Path, name: str) -> None:
    """Check an operator of a file as it is saved, and tell what became of it."""
    words = [sys.executable, "-m", "raft_ref", "spec", "check", str(path), "--only", name]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(words, text=True, **pipes) as checking:  # type: ignore[call-overload]
        try:
            said, _ = checking.communicate(timeout=MOST_SECONDS)
        except subprocess.TimeoutExpired:
            checking.send_signal(signal.SIGINT)
            said, _ = checking.communicate()
    kind = types.MessageType.Info if checking.returncode == 0 else types.MessageType.Warning
    made.window_log_message(types.LogMessageParams(kind, said))
    text = f"{name}: {said.partition(chr(10))[0]}"
    made.window_show_message(types.ShowMessageParams(kind, text))


# ---- Places: ours count from 1 in characters, and a tab goes on to the next eighth column


def _diagnostic(document: TextDocument, error: SpecError) -> types.Diagnostic:
    """Return an error; that of another file stands at the beginning, with its place."""
    is_here = error.position.file == document.path
    at = error.position if is_here else Position(document.path, 1, 1)
    text = error.reason if is_here else f"{error.position}: {error.reason}"
    return types.Diagnostic(_range(document, at), text, types.DiagnosticSeverity.Error)


def _range(document: TextDocument, at: Position) -> types.Range:
    """Return the word that begins at a place, or a character of it."""
    lines = document.lines
    line = lines[at.line - 1] if at.line <= len(lines) else ""
    begin = 0
    while begin < len(line) and len(line[:begin].expandtabs(8)) < at.column - 1:
        begin += 1
    end = begin
    while end < len(line) and (line[end].isalnum() or line[end] in "_!"):
        end += 1
    ends = (types.Position(at.line - 1, each) for each in (begin, max(end, begin + 1)))
    return document.position_codec.range_to_client_units(lines, types.Range(*ends))


def _from_client(document: TextDocument, position: types.Position) -> tuple[int, int]:
    lines = document.lines
    own = document.position_codec.position_from_client_units(lines, position)
    line = lines[own.line] if own.line < len(lines) else ""
    return own.line + 1, len(line[: own.character].expandtabs(8)) + 1
