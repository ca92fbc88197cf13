"""REST API v1 at /api/v1, described by /api/openapi.json: docs/api.md."""
