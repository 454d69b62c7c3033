"""Affairs (暖心为民): death cases and their one-thing matters across departments."""
