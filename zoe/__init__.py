"""zoe: an actor-model trading desk for Kraken spot."""
