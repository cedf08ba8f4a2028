"""Pages of this app on both consoles, one module per thing: each module of this folder registers its own."""

from importlib import import_module
from pkgutil import iter_modules

for _module in sorted(found.name for found in iter_modules(__path__)):
    import_module(f"{__name__}.{_module}")
