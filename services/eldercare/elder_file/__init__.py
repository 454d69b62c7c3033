"""One file per elder (一人一档): everything this service knows about her, on one page (E-23)."""
