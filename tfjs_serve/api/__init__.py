"""What ``import tfjs_serve`` has to offer; each function is in the file of what it does."""
