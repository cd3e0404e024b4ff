"""Variables in the text of a Dockerfile, replaced as Docker's documentation says.

Written down for the labels alone: it shares nothing with the product's own rules.
Source: Dockerfile reference, "Environment replacement"; measured on Engine 26.1.5 and Podman 5.4.2.
"""

from collections.abc import Mapping


def expand(text: str, values: Mapping[str, str]) -> str:
    """A text with its variables replaced and its quotes taken off."""
    return _Reader(text, values).read(until="")


class _Reader:
    def __init__(self, text: str, values: Mapping[str, str]) -> None:
        self.text, self.values, self.at = text, values, 0

    def _next(self) -> str:
        self.at += 1
        return self.text[self.at - 1]

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def read(self, until: str) -> str:
        """What stands before an unquoted character, or all that is left."""
        out = ""
        while self.at < len(self.text):
            char = self._next()
            if char == until:
                return out
            match char:
                case "\\":
                    out += self._next()
                case "'":
                    end = self.text.index("'", self.at)
                    out, self.at = out + self.text[self.at : end], end + 1
                case '"':
                    continue
                case "$":
                    out += self._variable()
                case _:
                    out += char
        return out

    def _variable(self) -> str:
        if self._peek() != "{":
            return self.values.get(self._name(), "")
        self.at += 1
        value = self.values.get(self._name())
        operator = self._next()
        if operator == "}":
            return value or ""
        # A colon makes an empty value count as none.
        is_set = value is not None
        if operator == ":":
            operator, is_set = self._next(), bool(value)
        word = self.read(until="}")
        if operator == "+":
            return word if is_set else ""
        return (value or "") if is_set else word

    def _name(self) -> str:
        start = self.at
        while (char := self._peek()) and (char.isalnum() or char == "_"):
            self.at += 1
        return self.text[start : self.at]
