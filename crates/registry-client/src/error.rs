//! What went wrong in, what to do about it out.

/// What a caller should do about a [`RegistryError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// Ask again later: the registry could not be asked, or its answer was unusable.
    Retry,
    /// The registry says that there is no such thing. It may come to exist later.
    NotFound,
    /// A person must act: asking again brings the same answer.
    Stop,
}

/// Why a call failed. Cheap to clone: callers that shared a request share its failure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// No usable answer within the time of one call, however often it was tried.
    #[error("{what}: no usable answer from the schema registry in {attempts} attempts: {cause}")]
    Unavailable {
        /// The call, in words.
        what: String,
        /// Requests sent.
        attempts: u32,
        /// Why the last one failed.
        cause: String,
    },
    /// The registry says that there is no such id, subject or version.
    #[error("{what}: not known to the schema registry (code {code})")]
    NotFound {
        /// The call, in words.
        what: String,
        /// The registry's code: 40401 subject, 40402 version, 40403 schema.
        code: u32,
    },
    /// The registry does not accept our credentials, or they do not permit this call.
    #[error("{what}: the schema registry refuses these credentials (http status {status})")]
    Denied {
        /// The call, in words.
        what: String,
        /// 401 or 403.
        status: u16,
    },
    /// The registry understood the request and says no: an invalid or incompatible schema.
    #[error(
        "{what}: rejected by the schema registry (http status {status}, code {code}): {message}"
    )]
    Rejected {
        /// The call, in words.
        what: String,
        /// HTTP status; 409 means incompatible with an earlier version.
        status: u16,
        /// The registry's code, 0 when it sent none.
        code: u32,
        /// The registry's own words, shortened.
        message: String,
    },
    /// An answer is larger or deeper than the settings allow, or a name cannot be asked for.
    #[error("{what}: {limit}")]
    Limit {
        /// The call, in words.
        what: String,
        /// Which limit, and its value.
        limit: String,
    },
}

impl RegistryError {
    /// Says what to do about this error.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Unavailable { .. } => Disposition::Retry,
            Self::NotFound { .. } => Disposition::NotFound,
            Self::Denied { .. } | Self::Rejected { .. } | Self::Limit { .. } => Disposition::Stop,
        }
    }
}
