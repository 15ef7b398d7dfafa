"""What happens to models, told to pages as it happens: server-sent events at ``/-/events``."""
