//! A server's error code in, what to do about it out.

use crate::server_error::ServerError;

/// What becomes of a request that failed. There is no fourth choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// The same bytes under the same token, later and for as long as it takes.
    Retry,
    /// The table is not what the block was made for: look at it again. If it turns out to be
    /// what it was, stop.
    TableChanged,
    /// No attempt can succeed until a person acts.
    Stop,
}

/// Which account met the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Account {
    Inserter,
    Schema,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The server, its disks, its network or its peers are busy or away.
    Busy,
    /// The request was cut off or cancelled on its way.
    Cut,
    /// Credentials, grants, quotas, a table set to read-only: a person mends them on the server.
    Access,
    /// Database, table or column are not there, or not to be written.
    Table,
    /// The server does not take our settings.
    Settings,
}

/// The errors that are not treated as unknown. An unknown one stops: retrying what repeats would
/// hide it, and nothing is lost by stopping.
///
/// Codes and names are the server's (`errorCodeToName`), compared with the running one by a test.
/// The messages of these hold names and sizes, never values, so they are shown whole.
const KNOWN: [(u32, &str, Kind); 77] = [
    (3, "UNEXPECTED_END_OF_FILE", Kind::Cut),
    (8, "THERE_IS_NO_COLUMN", Kind::Table),
    (10, "NOT_FOUND_COLUMN_IN_BLOCK", Kind::Table),
    (16, "NO_SUCH_COLUMN_IN_TABLE", Kind::Table),
    (20, "NUMBER_OF_COLUMNS_DOESNT_MATCH", Kind::Table),
    (23, "CANNOT_READ_FROM_ISTREAM", Kind::Cut),
    (24, "CANNOT_WRITE_TO_OSTREAM", Kind::Cut),
    (32, "ATTEMPT_TO_READ_AFTER_EOF", Kind::Cut),
    (33, "CANNOT_READ_ALL_DATA", Kind::Cut),
    (44, "ILLEGAL_COLUMN", Kind::Table),
    (60, "UNKNOWN_TABLE", Kind::Table),
    (74, "CANNOT_READ_FROM_FILE_DESCRIPTOR", Kind::Busy),
    (75, "CANNOT_WRITE_TO_FILE_DESCRIPTOR", Kind::Busy),
    (76, "CANNOT_OPEN_FILE", Kind::Busy),
    (77, "CANNOT_CLOSE_FILE", Kind::Busy),
    (81, "UNKNOWN_DATABASE", Kind::Table),
    (95, "CANNOT_READ_FROM_SOCKET", Kind::Cut),
    (96, "CANNOT_WRITE_TO_SOCKET", Kind::Cut),
    (115, "UNKNOWN_SETTING", Kind::Settings),
    (159, "TIMEOUT_EXCEEDED", Kind::Busy),
    (160, "TOO_SLOW", Kind::Busy),
    (164, "READONLY", Kind::Access),
    (173, "CANNOT_ALLOCATE_MEMORY", Kind::Busy),
    (192, "UNKNOWN_USER", Kind::Access),
    (193, "WRONG_PASSWORD", Kind::Access),
    (194, "REQUIRED_PASSWORD", Kind::Access),
    (195, "IP_ADDRESS_NOT_ALLOWED", Kind::Access),
    (198, "DNS_ERROR", Kind::Busy),
    (201, "QUOTA_EXCEEDED", Kind::Access),
    (202, "TOO_MANY_SIMULTANEOUS_QUERIES", Kind::Busy),
    (203, "NO_FREE_CONNECTION", Kind::Busy),
    (204, "CANNOT_FSYNC", Kind::Busy),
    (209, "SOCKET_TIMEOUT", Kind::Cut),
    (210, "NETWORK_ERROR", Kind::Cut),
    (218, "TABLE_IS_DROPPED", Kind::Table),
    (225, "NO_ZOOKEEPER", Kind::Busy),
    (236, "ABORTED", Kind::Cut),
    (241, "MEMORY_LIMIT_EXCEEDED", Kind::Busy),
    (242, "TABLE_IS_READ_ONLY", Kind::Busy),
    (243, "NOT_ENOUGH_SPACE", Kind::Busy),
    (252, "TOO_MANY_PARTS", Kind::Busy),
    (254, "NO_ACTIVE_REPLICAS", Kind::Busy),
    (279, "ALL_CONNECTION_TRIES_FAILED", Kind::Busy),
    (285, "TOO_FEW_LIVE_REPLICAS", Kind::Busy),
    (286, "UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE", Kind::Busy),
    (289, "REPLICA_IS_NOT_IN_QUORUM", Kind::Busy),
    (291, "DATABASE_ACCESS_DENIED", Kind::Access),
    (319, "UNKNOWN_STATUS_OF_INSERT", Kind::Cut),
    (364, "RECEIVED_ERROR_TOO_MANY_REQUESTS", Kind::Busy),
    (384, "PART_IS_TEMPORARILY_LOCKED", Kind::Busy),
    (394, "QUERY_WAS_CANCELLED", Kind::Cut),
    (425, "SYSTEM_ERROR", Kind::Busy),
    (439, "CANNOT_SCHEDULE_TASK", Kind::Busy),
    (452, "SETTING_CONSTRAINT_VIOLATION", Kind::Settings),
    (472, "READONLY_SETTING", Kind::Settings),
    (473, "DEADLOCK_AVOIDED", Kind::Busy),
    (497, "ACCESS_DENIED", Kind::Access),
    (499, "S3_ERROR", Kind::Busy),
    (500, "AZURE_BLOB_STORAGE_ERROR", Kind::Busy),
    (516, "AUTHENTICATION_FAILED", Kind::Access),
    (696, "ASYNC_LOAD_CANCELED", Kind::Cut),
    (700, "USER_SESSION_LIMIT_EXCEEDED", Kind::Busy),
    (720, "USER_EXPIRED", Kind::Access),
    (722, "ASYNC_LOAD_WAIT_FAILED", Kind::Busy),
    (733, "TABLE_IS_BEING_RESTARTED", Kind::Busy),
    (734, "CANNOT_WRITE_AFTER_BUFFER_CANCELED", Kind::Cut),
    (735, "QUERY_WAS_CANCELLED_BY_CLIENT", Kind::Cut),
    (741, "TABLE_UUID_MISMATCH", Kind::Table),
    (745, "SERVER_OVERLOADED", Kind::Busy),
    (749, "TCP_CONNECTION_LIMIT_REACHED", Kind::Busy),
    (762, "HTTP_CONNECTION_LIMIT_REACHED", Kind::Busy),
    (774, "TABLE_IS_PERMANENTLY_READ_ONLY", Kind::Access),
    (776, "RESOURCE_LIMIT_EXCEEDED", Kind::Busy),
    (777, "MEMORY_RESERVATION_KILLED", Kind::Busy),
    (778, "MEMORY_RESERVATION_FAILED", Kind::Busy),
    (999, "KEEPER_EXCEPTION", Kind::Busy),
    (1000, "POCO_EXCEPTION", Kind::Busy),
];

/// The server's codes and names that are told apart here.
pub fn known_codes() -> impl Iterator<Item = (u32, &'static str)> {
    KNOWN.iter().map(|(code, name, _)| (*code, *name))
}

/// Whether messages with this code hold names and sizes only.
pub(crate) fn is_harmless(code: u32) -> bool {
    kind(code).is_some()
}

fn kind(code: u32) -> Option<Kind> {
    KNOWN.iter().find(|(known, ..)| *known == code).map(|(.., kind)| *kind)
}

impl ServerError {
    /// What to do after this error, met by that account.
    pub(crate) fn disposition(&self, account: Account) -> Disposition {
        // A view that throws does so after the table took the rows: the token fills the view
        // once a person has mended it, and anything but waiting would double or lose.
        if account == Account::Inserter && self.view.is_some() {
            return Disposition::Retry;
        }
        if self.is_repeating() {
            return Disposition::Stop;
        }
        match (kind(self.code), account) {
            (Some(Kind::Busy | Kind::Cut), _) | (Some(Kind::Access), Account::Inserter) => {
                Disposition::Retry
            }
            (Some(Kind::Table), _) => Disposition::TableChanged,
            (Some(Kind::Access), Account::Schema) | (Some(Kind::Settings), _) => Disposition::Stop,
            // Not the server's own words: something between us and it, which comes and goes.
            (None, _) if self.code == 0 => Disposition::Retry,
            (None, _) => Disposition::Stop,
        }
    }

    /// Whether a person must act before this goes away.
    pub(crate) fn needs_person(&self) -> bool {
        let passes = match kind(self.code) {
            Some(Kind::Busy | Kind::Cut) => !self.is_repeating(),
            Some(Kind::Access | Kind::Table | Kind::Settings) => false,
            None => self.code == 0,
        };
        !passes
    }

    /// The code for too many parts also says that one block spans too many table partitions,
    /// and that is so at every attempt.
    fn is_repeating(&self) -> bool {
        self.code == 252 && self.text.contains("for single INSERT block")
    }
}

#[cfg(test)]
mod tests;
