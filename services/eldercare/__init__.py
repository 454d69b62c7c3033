"""Eldercare (幸福惠民): elder files, beds and stays, elder subsidies, devices, home care, and what a death ends."""
