"""A change that no hypothetical record can be made of."""


class UnappliableError(Exception):
    """The change cannot be applied to this record; the message says what is missing."""
