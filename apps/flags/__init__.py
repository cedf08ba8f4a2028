"""Feature flags on waffle: by tenant, group, user, audience and percentage; evaluated in memory."""
