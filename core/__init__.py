"""What an approval is: the domain, the services that decide, and their adapters."""
