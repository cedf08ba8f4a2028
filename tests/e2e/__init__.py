"""Browser journeys through both consoles: `make test-e2e`."""
