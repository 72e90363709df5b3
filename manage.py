#!/usr/bin/env python
"""Django's command line for gridmgr."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gridmgr.settings")
    from django.core.management import execute_from_command_line

    from gridmgr.core.patience import take_time

    if sys.argv[1:2] != ["runserver"]:
        take_time()
    execute_from_command_line(sys.argv)
