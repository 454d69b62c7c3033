"""The synthetic Putuo of `dev`: drawn once, loaded into each service that is still empty, in seconds.

Loading speaks to no one: what one service would tell the others by events they are loaded with themselves.
"""
