"""What every answer tells browsers and proxies: what pages may use of a device, and that nobody keeps what names people."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# The guide and my roads ask where one is, and a photograph is taken where it is needed; everything else is off.
PERMISSIONS = {"geolocation": "(self)", "camera": "(self)"}
OFF = (
    "accelerometer", "autoplay", "display-capture", "encrypted-media", "fullscreen", "gamepad",
    "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer", "microphone", "midi", "payment",
    "picture-in-picture", "publickey-credentials-get", "screen-wake-lock", "serial", "sync-xhr", "usb",
    "xr-spatial-tracking",
)  # fmt: skip
POLICY = ", ".join([*(f"{name}={who}" for name, who in PERMISSIONS.items()), *(f"{name}=()" for name in OFF)])
NOT_KEPT = "no-store, private"


class HeadersMiddleware:
    """`Permissions-Policy` on every answer, and `no-store` on all but what carries an ETag.

    Tiles and GeoJSON have one: they hold no phone numbers, and their ETag tells readers apart. Static files don't pass here.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", POLICY)
        if "ETag" not in response.headers and "no-store" not in response.headers.get("Cache-Control", ""):
            response.headers["Cache-Control"] = NOT_KEPT
        return response
