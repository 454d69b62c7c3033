"""The published language: payloads of events that cross services, one module per producer (domain §9)."""
