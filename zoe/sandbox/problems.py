"""CannotStart: the one line that a sandbox ends with before it is ready."""


class CannotStart(Exception):
    """Options, files or places that cannot be used: exit code 2."""
