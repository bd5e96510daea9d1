"""The other way to deploy: with `chalice deploy`, which creates functions, roles and the API by itself."""
