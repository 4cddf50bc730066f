"""The files and folders of the prediction log as a run of `mintmark monitor` reads them."""
