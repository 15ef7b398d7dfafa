"""Which masks layers get in Keras and in TensorFlow.js, and where these differ."""
