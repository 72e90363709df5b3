"""gridmgr.core.quantities as template filters.

`length` is named kilometres_or_metres here, because a filter `length` would take the place of Django's own.
"""

from django import template

from gridmgr.core import quantities

register = template.Library()

register.filter("metres", quantities.metres)
register.filter("kilometres_or_metres", quantities.length)
register.filter("width", quantities.width)
register.filter("percent", quantities.percent)
register.filter("day", quantities.day)
register.filter("clock", quantities.clock)
register.filter("moment", quantities.moment)
register.filter("stretch", quantities.stretch)
register.filter("period", quantities.period)
register.filter("last_day", quantities.last_day)
register.filter("hours", quantities.hours)
