from django.urls import path

from gridmgr.core.jobs import views

urlpatterns = [
    path("jobs/", views.jobs, name="jobs"),
    path("jobs/<uuid:pk>/", views.job, name="job"),
    path("jobs/<uuid:pk>/state.json", views.job_state, name="job-state"),
    path("jobs/<uuid:pk>/file", views.job_file, name="job-file"),
    path("jobs/<uuid:pk>/cancel/", views.job_cancel, name="job-cancel"),
    path("jobs/<uuid:pk>/delete/", views.job_delete, name="job-delete"),
]
