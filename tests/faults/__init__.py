"""The distributed suite, whole and struck: its tests share one, which goes when the last of them is over."""
