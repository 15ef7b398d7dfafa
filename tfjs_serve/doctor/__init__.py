"""Looks at a deployed model as a page would meet it, and says what is wrong.

Whoever deployed it, with whatever converter: :func:`~tfjs_serve.doctor.examination.examine` fetches
what ``tf.loadLayersModel`` would fetch, and records the answers. What is wrong with them is found
by pure functions, one module for each question.
"""
