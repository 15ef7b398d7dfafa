"""WRITE for Keras: HDF5 files and archives that Keras 3 and tf_keras load."""
