"""The atlas of the city with everything in it that people point to: schools, sites, parks, markets, stations."""

import re

import shapely
from django.conf import settings
from django.contrib.gis.db.models.functions import AsWKB
from django.utils.translation import get_language

from grids.domain.atlas import Atlas, Landmark
from grids.domain.place_text import key_of
from grids.enums import BackdropKind, FacilityKind
from grids.models import Backdrop, Facility
from parking.models import School
from vendors.domain.place import as_shapely
from vendors.models import Site

_SHORTER = (
    (r"^[一-龥]{2,3}省", ""),
    (r"^[一-龥]{2,3}市(?!场)", ""),
    (r"^[一-龥]{2,3}区", ""),
    (r"^第(?=[一二三四五六七八九十])", ""),
    (r"学校$", "学"),
    (r"中学$", "中"),
    (r"小学$", "小"),
)


def city_atlas() -> Atlas:
    """Streets and landmarks as they are stored. Ten queries, however many rows there are to match."""
    return Atlas.load([*_schools(), *_sites(), *_areas(), *_stations()], shorten=short_of)


def city_atlases() -> dict[str, Atlas]:
    """One for each language, the asker's first: an atlas remembers in which words it found two names alike."""
    languages = dict.fromkeys([get_language() or settings.LANGUAGE_CODE, *dict(settings.LANGUAGES)])
    return {language: city_atlas() for language in languages}


def short_of(name: str) -> str:
    """What a school is called for short: 太原市第三十八中学校 → 三十八中."""
    key = key_of(name)
    for pattern, other in _SHORTER:
        key = re.sub(pattern, other, key)
    return key


def _schools() -> list[Landmark]:
    return [
        Landmark(
            "school",
            school.name,
            as_shapely(school.area),
            gates=[(gate.name, as_shapely(gate.location)) for gate in school.gates.all()],
            key=key_of(school.name),
            short=short_of(school.name),
        )
        for school in School.objects.prefetch_related("gates").order_by("pk")
    ]


def _sites() -> list[Landmark]:
    rows = Site.objects.standing().only("name", "code", "area", "road", "side", "stretch").order_by("pk")
    return [
        Landmark(
            "site",
            name,
            as_shapely(site.area),
            stands=(site.road_id, site.side, site.middle_m),
            key=key_of(name),
        )
        for site in rows
        for name in (site.name, site.code)
    ]


def _areas() -> list[Landmark]:
    kinds = (BackdropKind.PARK, BackdropKind.MARKET)
    rows = Backdrop.objects.filter(kind__in=kinds).exclude(name="").order_by("pk")
    return [
        Landmark(kind, name, shapely.from_wkb(bytes(area)), key=key_of(name))
        for kind, name, area in rows.values_list("kind", "name", AsWKB("area"))
    ]


def _stations() -> list[Landmark]:
    kinds = (FacilityKind.FUEL_STATION, FacilityKind.FIRE_STATION)
    rows = Facility.objects.filter(kind__in=kinds).exclude(name="").order_by("pk")
    return [
        Landmark(kind, name, shapely.from_wkb(bytes(shape)), key=key_of(name))
        for kind, name, shape in rows.values_list("kind", "name", AsWKB("shape"))
    ]
