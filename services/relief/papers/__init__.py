"""Papers of applications: signed forms, certificates, agreements, photographs of the visit."""
