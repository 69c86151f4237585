"""The composition root: settings, the tree as data, the main process."""
