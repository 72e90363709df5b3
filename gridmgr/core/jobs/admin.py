from django.contrib import admin
from django_tasks_db import admin as _theirs  # noqa: F401  (registers what goes again here)
from django_tasks_db.models import DBTaskResult

admin.site.unregister(DBTaskResult)  # the queue's rows say nothing that a job's own page does not say better
