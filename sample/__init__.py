"""The sample: a vocabulary, creators, contents and products of our own, and the pictures that a script draws for them."""
