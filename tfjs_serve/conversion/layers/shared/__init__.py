"""What several families of layers share; nothing here registers a rule."""
