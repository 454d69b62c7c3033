"""One bed, one person, one code: what a scan shows to whom, and the log of scans (E-29)."""
