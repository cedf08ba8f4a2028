"""Business rules composed of validators. They take the store's answer as a function, so they stay pure.

Import the modules: `rules.slugs.new_slug`, `rules.domains.new_domain`.
"""
