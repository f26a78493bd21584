"""The JSON shapes of the REST API, written once for server and client."""
