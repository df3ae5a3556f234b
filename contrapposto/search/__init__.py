"""A query is made of parts; each part scores people; ranking fuses the parts and says why."""
