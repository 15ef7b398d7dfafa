"""From the form in which a file keeps layers and their weights to the one that rules know."""
