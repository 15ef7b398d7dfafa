"""Who may read what is published: pages of which sites (CORS), and whether everybody (public).

Where a store has an API for it, that is asked; for all others there is what to paste
(:mod:`.words`).
"""
