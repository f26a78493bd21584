"""A small, strict stand-in for a Slack workspace, with a web page.

It knows nothing of jitsudo: it speaks Slack's Web API, delivers what people do
over signed HTTP or Socket Mode, and shows them what a workspace would show.
"""
