"""What stands around a page: the site builder, its settings, the frames that are filled."""
