"""Functions of tensors in graphs: specifications, and rules that lower them.

An operation belongs to a family, whose name its three places share: what it takes and makes is in
``specs/<family>.py``, the small model that computes it, if layers of TF.js do, in
``lowered/<family>.py``, and the JavaScript of the companion, which every operation has, in
``browser/layers/operations/<family>.js``.
"""
