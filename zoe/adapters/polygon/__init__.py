"""Polygon market data; its client is not built yet."""
