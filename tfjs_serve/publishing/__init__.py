"""From models to where the world loads them: a folder of a web server, or a bucket.

What is to be sent, and in which order, is decided by pure functions (:mod:`.plan`) from one listing
of the destination and the manifests that earlier publishes left there. So a publish can be ended at
any moment and run again, and a page that loads meanwhile gets a whole model, old or new.
"""
