"""The way back: from a layers model to a model that both Kerases load."""
