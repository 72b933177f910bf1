"""Archives of videos: manifests that name them, and fetching of remote files."""
