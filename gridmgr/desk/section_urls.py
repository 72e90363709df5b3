"""Pages that change who answers for what, and the reader's place. Included by gridmgr/desk/urls.py."""

from django.urls import path

from gridmgr.desk import section, where

urlpatterns = [
    path("my/where", where.where, name="where"),
    path("sections/add/", section.add, name="section-add"),
    path("sections/<int:pk>/end/", section.end, name="section-end"),
    path("sections/<int:pk>/share/", section.share, name="section-share"),
    path("sections/<int:pk>/shares/<int:share_pk>/end/", section.end_one_share, name="section-share-end"),
    path("sections/<int:pk>/undo/", section.take_back, name="section-undo"),
]
