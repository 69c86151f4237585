"""The exchange itself: bytes and a time in, deliveries out; no clock, no I/O, no threads."""
