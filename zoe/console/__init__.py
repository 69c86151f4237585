"""What a page may read and ask; not built yet."""
