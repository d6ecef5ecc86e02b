"""The rules that counts and shares given to `stats` must keep, each with the message that says so."""

from crossroads.errors import SettingError


def check_counts(failed: int, futures: int) -> None:
    """Refuse counts that can't be counts.

    Args:
        failed: futures that failed.
        futures: all futures, the failed ones included.

    Raises:
        SettingError: unless 0 <= failed <= futures.
    """
    if not 0 <= failed <= futures:
        raise SettingError(f"failed={failed} of futures={futures} must keep 0 <= failed <= futures; count each future once, failed or not")


def check_share(name: str, value: float, usual: float) -> None:
    """Refuse a share, level or confidence that isn't strictly between 0 and 1.

    Args:
        name: what the caller calls it, for the message.
        value: the value given.
        usual: a value that is usually right, for the message.

    Raises:
        SettingError: unless 0 < value < 1.
    """
    if not 0.0 < value < 1.0:
        raise SettingError(f"{name}={value} must lie between 0 and 1, both excluded; {usual} is the usual choice")
