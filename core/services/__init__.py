"""One use case per module; each opens its transaction, and only here is decided."""
