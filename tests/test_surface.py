"""The public surface as it was promised: addresses, commands, layers and their fields, in tests/surface.txt.

A line that goes breaks somebody's link, script or map; one that comes is added to the file by hand.
"""

from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.core.management import get_commands
from django.urls import URLPattern, URLResolver, get_resolver

from gridmgr.catalog import BACKDROP, FACILITIES, LAYERS
from gridmgr.data_files import IMPORTERS

SURFACE = Path(__file__).with_name("surface.txt")
OURS = ("gridmgr", "grids", "parking", "vendors")


def addresses(resolver: URLResolver, before: str = "") -> Iterator[str]:
    """`url <name> <pattern>` of every page but the admin's, whose addresses are Django's."""
    for pattern in resolver.url_patterns:
        address = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield f"url {pattern.name or '-'} /{address}"
        elif pattern.namespace != "admin":
            yield from addresses(pattern, address)


def commands() -> Iterator[str]:
    homes = {config.name for config in apps.get_app_configs() if config.name.split(".")[0] in OURS}
    return (f"command {name}" for name, home in get_commands().items() if home in homes)


def layers() -> Iterator[str]:
    for layer in [*LAYERS, *FACILITIES, *BACKDROP]:
        yield f"layer {layer.name}: {' '.join(each.name for each in layer.fields)}"
        if layer.file_fields:
            yield f"file {layer.name}: {' '.join(each.name for each in layer.file_fields)}"


def imports() -> Iterator[str]:
    return (f"import {name}: {' '.join(each.fields)}" for name, each in IMPORTERS.items())


def surface() -> list[str]:
    return sorted([*addresses(get_resolver()), *commands(), *layers(), *imports()])


def test_every_address_command_layer_and_field_is_as_before() -> None:
    assert surface() == SURFACE.read_text(encoding="utf-8").splitlines()
