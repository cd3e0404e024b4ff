"""Changes that no hypothetical record can be made of."""


class UnappliableError(Exception):
    """The change cannot be applied to this record; the message says what is missing."""


class ContradictedError(UnappliableError):
    """What was recorded is not what our model of the frontend says, so the model is not to be asked."""
