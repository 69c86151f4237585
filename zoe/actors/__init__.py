"""One actor a file; what it decides stands in the domain under the same noun."""
