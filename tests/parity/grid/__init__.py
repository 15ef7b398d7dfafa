"""The parity grid: cases made from the signatures of Keras's own layers.

    python -m tests.parity.grid --keras 3                 everything, with Keras 3
    python -m tests.parity.grid --keras 2                 ... with tf_keras
    python -m tests.parity.grid --keras 3 --only GRU      one class

Every class of ``keras.layers`` is a subject: an input, and values for the arguments that have no
default. All other arguments come from the class's signature, their values from a table by
argument name; a class or an argument that the tables do not know is an error, so that a new Keras
is noticed. A model is converted in this process, as the server's worker does it, and TensorFlow.js
in Node predicts with it.

tf_keras needs TensorFlow, which is not among the project's own requirements: for ``--keras 2``
use an environment with ``tensorflow-cpu`` and ``tf_keras`` beside this package.
"""
