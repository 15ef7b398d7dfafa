"""The kit that lowers: small models of the layers that TensorFlow.js has."""
