"""Codes that stand in addresses."""

from django.urls import register_converter
from django.urls.converters import StringConverter


class BranchCode(StringConverter):
    regex = r"\d{2,4}"


class PlaceCode(StringConverter):
    """Code of a site or a drop-off point."""

    regex = r"[A-Z0-9-]+"


register_converter(BranchCode, "branch_code")
register_converter(PlaceCode, "place_code")
