"""From all the ways in which Keras spells a model to the one spelling that rules read."""
