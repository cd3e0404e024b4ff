"""What this model does not say."""


class NotModelledError(Exception):
    """What the frontend makes of something is not modelled; the message names it."""
