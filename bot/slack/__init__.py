"""Slack: listeners, cards, modals and surfaces."""
