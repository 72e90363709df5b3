from django.urls import path

from gridmgr.register import pinning, views

urlpatterns = [
    path("data/register/", views.registers, name="registers"),
    path("data/register/where", pinning.where, name="register-where"),
    path("data/register/<int:pk>/columns/", views.columns, name="register-columns"),
    path("data/register/<int:pk>/", views.review, name="register"),
    path("data/register/<int:pk>/preview/", views.preview, name="register-preview"),
    path("data/register/<int:pk>/confirm/", views.confirm, name="register-confirm"),
    path("data/register/<int:pk>/undo/", views.undo, name="register-undo"),
    path("data/register/<int:pk>/drop/", views.drop, name="register-drop"),
    path("data/register/<int:pk>/rows/<int:row>/", pinning.pin, name="register-pin"),
    path("data/register/<int:pk>/rows/<int:row>/choose/", pinning.choose, name="register-choose"),
    path("data/register/<int:pk>/rows/<int:row>/leave/", pinning.leave, name="register-leave"),
    path("data/register/<int:pk>/rows/<int:row>/quantity/", pinning.quantity, name="register-quantity"),
]
