"""The server process: Slack, the REST API and the workers."""
