"""From compile settings in all of Keras's spellings to what pages train with."""
