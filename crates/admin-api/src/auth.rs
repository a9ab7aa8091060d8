//! A request's credentials in, who it is and what they may do out.

use std::{net::IpAddr, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::config::Config;

mod failures;
mod hosts;
mod rate;
mod sessions;
pub mod tokens;

use self::{failures::Failures, rate::Buckets, sessions::Sessions, tokens::TokenFile};
pub(crate) use self::{hosts::Hosts, sessions::Session};

/// What somebody may do. Each role may do what those before it may.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Nobody in particular: the way in.
    Public,
    /// Looks at pipelines and their numbers, never at contents of records.
    Viewer,
    /// Changes pipelines and looks at contents of records.
    Operator,
    /// Does everything.
    Admin,
}

impl Role {
    /// As it is spelled.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Name of the token.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// What forms must carry, where the request came with the page's cookie.
    pub csrf: Option<String>,
}

/// The SHA-256 of a secret: all that is kept of it.
pub(crate) type Hash = [u8; 32];

pub(crate) fn hash(secret: &str) -> Hash {
    Sha256::digest(secret.as_bytes()).into()
}

/// 64 hexadecimal digits that nobody can guess.
pub(crate) fn random_secret() -> String {
    hex(&rand::random::<[u8; 32]>())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Why nobody was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The token, code or cookie is not one of ours, or not any more.
    Unknown,
    /// Too many refused attempts of this address wait for their answer.
    TooMany,
}

/// Everything that decides who may.
#[derive(Clone, Debug)]
pub(crate) struct Auth {
    pub(crate) tokens: Arc<TokenFile>,
    sessions: Arc<Sessions>,
    failures: Arc<Failures>,
    buckets: Arc<Buckets>,
}

impl Auth {
    /// Reads the tokens file.
    pub(crate) fn new(config: &Config) -> anyhow::Result<Self> {
        let auth = &config.auth;
        let limits = &config.limits;
        Ok(Self {
            tokens: Arc::new(TokenFile::open(auth.tokens_file.clone())?),
            sessions: Arc::new(Sessions::new(
                Duration::from_millis(auth.session_ms.get()),
                auth.sessions_max.get(),
            )),
            failures: Arc::new(Failures::new(
                auth.failures_in_flight_max.get(),
                Duration::from_millis(auth.failure_wait_ms_max),
            )),
            buckets: Arc::new(Buckets::new(
                limits.requests_per_s_max.get(),
                limits.requests_burst_max.get(),
            )),
        })
    }

    /// Who has this token. A wrong one costs its sender time.
    pub(crate) async fn by_token(&self, token: &str, from: IpAddr) -> Result<Identity, Refused> {
        self.failures.admit(from)?;
        match self.tokens.find(&hash(token)) {
            Some(identity) => Ok(identity),
            None => Err(self.failures.failed(from).await),
        }
    }

    /// Who has this cookie. Unlike a wrong token, an old cookie is what any browser may have.
    pub(crate) fn by_session(&self, cookie: &str) -> Option<Identity> {
        let Session { name, role, csrf, token } = self.sessions.find(&hash(cookie))?;
        let role = match token {
            // The file decides, also after the login.
            Some(token) => self.tokens.find(&token)?.role,
            None => role,
        };
        Some(Identity { name, role, csrf: Some(csrf) })
    }

    /// Begins a session for a token; returns the cookie.
    pub(crate) async fn login(&self, token: &str, from: IpAddr) -> Result<String, Refused> {
        let Identity { name, role, .. } = self.by_token(token, from).await?;
        Ok(self.sessions.begin(name, role, Some(hash(token))))
    }

    /// Begins a session for a one-time code; returns the cookie.
    pub(crate) async fn login_once(&self, code: &str, from: IpAddr) -> Result<String, Refused> {
        self.failures.admit(from)?;
        if self.sessions.take_code(&hash(code)) {
            return Ok(self.sessions.begin("login-link".to_owned(), Role::Admin, None));
        }
        Err(self.failures.failed(from).await)
    }

    /// A code that begins one session of an admin, within ten minutes.
    pub(crate) fn one_time_code(&self) -> String {
        self.sessions.new_code()
    }

    /// Ends a session.
    pub(crate) fn logout(&self, cookie: &str) {
        self.sessions.end(&hash(cookie));
    }

    /// Whether one more request is within the rate; otherwise how long to wait.
    pub(crate) fn within_rate(&self, who: &str) -> Result<(), Duration> {
        self.buckets.take(who)
    }
}
