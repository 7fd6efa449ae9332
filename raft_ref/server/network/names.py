"""What a server may be called: its name stands in greetings, in lists and on command lines."""

LONGEST_NAME = 64
"""Characters that the name of a server may have."""


def check_name(name: str) -> None:
    """Raise ValueError for what a server cannot be called.

    A name stands in lists with commas, before a `=`, and as a word on a command line.
    """
    is_word = name.isprintable() and not {*" ,="} & {*name} and not name.startswith("-")
    if not name or not is_word:
        raise ValueError(
            f"{name!r} is no name of a server: expected a word without comma and =, and no - first"
        )
    if len(name) > LONGEST_NAME:
        raise ValueError(f"{name[:8]}... is no name: it has more than {LONGEST_NAME} characters")
