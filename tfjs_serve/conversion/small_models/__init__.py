"""What rules lower layers with: small models of layers that TensorFlow.js has.

The first argument of most functions here, `low`, is the small model to which they add layers.
"""
