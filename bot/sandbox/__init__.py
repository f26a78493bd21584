"""A stand-in for a Slack workspace, with a web page."""
