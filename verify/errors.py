"""What is wrong with a request."""


class RequestError(ValueError):
    """A request makes no sense; the message says in one line what would."""
