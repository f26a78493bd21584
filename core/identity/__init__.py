"""Who somebody is: bearer tokens and directories of groups."""
