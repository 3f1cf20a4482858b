"""The payment company behind its Protocol: Stripe, always through the real SDK."""
