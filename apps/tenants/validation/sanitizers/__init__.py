"""Make texts harmless without changing what innocent people wrote. Sanitizers never raise; validators do."""

from apps.tenants.validation.sanitizers.html import sanitize_html
from apps.tenants.validation.sanitizers.text import sanitize_text

__all__ = ["sanitize_html", "sanitize_text"]
