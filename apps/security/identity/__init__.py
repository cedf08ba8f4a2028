"""How people prove who they are at a console: passwords, second factors, sessions, lockout, break-glass visits.

`services.enter` is for every way of signing in that has proved an identity; it asks for a second factor where one is
due. Programs with keys and tokens are no business of this room.
"""
