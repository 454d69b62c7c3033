"""The pairing register: who stands by whom, with consent and rules of contact (C-14)."""
