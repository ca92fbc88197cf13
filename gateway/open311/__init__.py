"""Open311 GeoReport v2, with the updates of FixMyStreet: docs/open311.md."""
