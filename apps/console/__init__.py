"""The console's dashboards and components; the pages of each app live in its own `admin.py`."""
