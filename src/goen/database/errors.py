"""What the ground can refuse. Each has a sentence that names the cause and the remedy."""

from __future__ import annotations

from goen.vocabulary.refusal import Refusal


class DataFolderRefused(Refusal):
    """The data folder cannot be used: another PostgreSQL version, another user's, or not empty."""

    code = "data_folder_refused"


class DatabaseUnavailable(Refusal):
    """The database server did not start or does not answer."""

    code = "database_unavailable"


class ServerTooOld(Refusal):
    """The server behind ``GOEN_DATABASE_URL`` is older than PostgreSQL 16."""

    code = "server_too_old"


class SchemaRefused(Refusal):
    """The schema is ahead of this Goen, was changed by hand, or has not been migrated yet."""

    code = "schema_refused"


class InstallationDiffers(Refusal):
    """The settings name another currency or time zone than the database was made with."""

    code = "installation_differs"
