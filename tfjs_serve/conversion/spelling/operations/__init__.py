"""Operations on tensors, as Keras 2 and 3 spell them, as ``ops.<name>``."""
