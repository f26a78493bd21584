"""Engines that answer policy questions: OPA over HTTP and Rego in process."""
