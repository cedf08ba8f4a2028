"""PostgreSQL backend (Django's ENGINE) whose schema is that of the active execution context, statement by statement.

The ContextVar is the truth; what the session was told is only remembered to save repeating it. Outside every scope no
statement runs (`TenantContextMissing`). Nothing here knows an app.
"""
