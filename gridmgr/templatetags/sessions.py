"""How a session is named on a page."""

from django import template

from gridmgr.core.accounts.address import masked
from gridmgr.core.accounts.sessions import device_words

register = template.Library()
register.filter("device", device_words)
register.filter("masked_address", masked)
