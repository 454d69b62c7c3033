"""The after-death one-thing: definitions (`<id>.v<version>.yaml`), and what runs their matters.

A new task is a new version of the definition: copy the newest file, count the version up, add the task. Running
matters keep the version they were opened with.
"""
