"""Exceptions that the library raises. Each message says what is wrong, where, and what to do."""


class ContrappostoError(Exception):
    """Base of all errors of this package; its text is one line that can be shown to a user."""


class UnreadableMedia(ContrappostoError):
    """A file cannot be used as a picture: damaged, empty, not a picture, too large."""


class WeightsError(ContrappostoError):
    """Weights of a network are missing, damaged or cannot be fetched."""


class LibraryError(ContrappostoError):
    """A library on disk cannot be opened, or was made with something else than this program now uses."""


class LibraryBusy(LibraryError):
    """Another process is writing to this library."""


class QueryError(ContrappostoError):
    """A query cannot be understood or answered as asked."""


class DataError(ContrappostoError):
    """A data folder, stored predictions, or a table of items are not as their format says."""
