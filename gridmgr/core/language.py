"""Chinese unless a person chose otherwise: what a browser prefers is not asked, so that all see the same by default."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.middleware.locale import LocaleMiddleware
from django.utils import translation


class ChosenLanguageMiddleware(LocaleMiddleware):
    """Activates the language that the language switch keeps in a cookie, else LANGUAGE_CODE."""

    def process_request(self, request: HttpRequest) -> None:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        known = chosen in dict(settings.LANGUAGES)
        translation.activate(chosen if known else settings.LANGUAGE_CODE)
        request.LANGUAGE_CODE = translation.get_language()


def twice(say: Callable[..., object]) -> str:
    """The words in Chinese, then in English, for whoever starts a server and has chosen no language yet."""
    said = []
    for language in ("zh-hans", "en"):
        with translation.override(language):
            said.append(str(say()))
    return ("\n" if "\n" in said[0] else " / ").join(said)
