"""Under /demo/ on the platform host."""

from django.urls import path

from apps.demo import views

urlpatterns = [
    path("", views.page, name="demo-page"),
    path("arrivals/", views.summary, name="demo-summary"),
    path("arrivals/<slug:slug>/", views.arrivals, name="demo-arrivals"),
    path("receiver/<slug:slug>/", views.receive, name="demo-receiver"),
]
