"""The one error class of this package."""


class StandinError(RuntimeError):
    """Something a person can put right: the message names the cause, then the cure.

    `about` says which setting it concerns, for callers that can name where it was made: "root", "outputs", "port"
    or "".
    """

    def __init__(self, message: str, about: str = ""):
        super().__init__(message)
        self.about = about
