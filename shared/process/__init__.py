"""A process per service: how it listens, says it is ready, leaves without anybody noticing, and follows the dev clock.

Embedded there is one process and the suite holds all this; `serving.run` is common to both.
"""
