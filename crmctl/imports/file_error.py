"""The error of a file that cannot be imported."""


class ImportFileError(Exception):
    """Nothing of the file is imported. The message names the file, the place and the remedy."""
