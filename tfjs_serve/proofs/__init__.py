"""What a Keras predicted for a few inputs, in a file beside the model, so that a page can compare.

The file is ``NAME.proof.npz``. A page gets it as ``proof.json`` and a file with the numbers.
"""
