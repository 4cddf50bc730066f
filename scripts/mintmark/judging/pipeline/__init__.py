"""What dvc.lock says against dvc.yaml and the files of the head. Asks DVC nothing, which opens what a file names."""
