"""Words in both languages."""

from collections.abc import Callable

from django.utils import translation


def twice(say: Callable[..., object]) -> str:
    """The words in Chinese, then in English, for whoever starts a server and has chosen no language yet."""
    said = []
    for language in ("zh-hans", "en"):
        with translation.override(language):
            said.append(str(say()))
    return ("\n" if "\n" in said[0] else " / ").join(said)
