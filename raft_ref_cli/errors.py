"""What the command line says about its own arguments."""


class UsageError(Exception):
    """The arguments make no sense; the message says in one line what would."""
