"""What a rule is: how it is registered, what it is given, and how it reads arguments."""
