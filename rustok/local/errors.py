"""Failures of the embedded stack that a person can act on."""


class StackError(Exception):
    """A server or a start-up step that could not be brought up; the text is one clear line, perhaps with a log tail."""
