"""Small shared tables behind kernel ports: wake-ups and due times of the relay, idempotency keys."""
