"""Other companies, each behind a Protocol; the only room that imports their SDKs."""
