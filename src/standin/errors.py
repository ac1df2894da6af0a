"""The one error class of this package."""


class StandinError(RuntimeError):
    """Something a person can put right: the message names the cause, then the cure."""
