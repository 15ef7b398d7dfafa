"""What a converted model remembers of the Keras model that it was, for the way back."""
