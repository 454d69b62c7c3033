"""The main job, played through the gateway as the people involved would."""
