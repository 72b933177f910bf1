"""Archives of videos: manifests that name them, and what of them lies elsewhere."""
