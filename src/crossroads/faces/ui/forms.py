"""What the page's forms send: short texts, read without any library for uploads, which we never take."""

from urllib.parse import parse_qs

from starlette.requests import Request

from crossroads.errors import SettingError

BODY_BYTES_MAX = 20_000
FIELDS_MAX = 20


class Form:
    """The fields of one form, each at most once.

    Args:
        fields: as they were sent.
    """

    def __init__(self, fields: dict[str, str]) -> None:
        self._fields = fields

    def text(self, name: str) -> str:
        """A text, "" where it wasn't given."""
        return self._fields.get(name, "").strip()

    def whole(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number.

        Raises:
            SettingError: it is none, or out of range.
        """
        text = self.text(name).replace(",", "").replace("_", "")
        if not text and default is not None:
            return default
        if not text.isascii() or not text.isdigit() or len(text) > 25 or not low <= int(text) <= high:
            raise SettingError(f"{name}={text[:40]} must be a whole number from {low:,} to {high:,}")
        return int(text)


async def form_of(request: Request) -> Form:
    """The form that a request brings.

    Raises:
        SettingError: it is too long, or none.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES_MAX:
            raise SettingError(f"form must be at most {BODY_BYTES_MAX:,} bytes; shorten what was typed")
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")
    except ValueError:
        raise SettingError("form can't be read; go back and send it again") from None
    return Form({name: values[-1] for name, values in fields.items()})
