"""Takes numbered events to their subscriptions, turn by turn; every turn can die anywhere and loses nothing."""
