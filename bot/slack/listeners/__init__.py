"""What Slack calls, one class a family."""
