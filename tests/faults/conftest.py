"""The faults use the same gateways and round as the fieldwork tests; each fault starts gateways as it needs them."""
