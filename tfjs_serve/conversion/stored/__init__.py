"""From the way a file keeps the weights of a layer to the variables that its rule names."""
