"""Probes, the background sampler behind them, and the heartbeat that workers prove themselves by."""
