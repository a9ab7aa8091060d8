//! A file of token hashes in, who has a token out; the file is read again when it changes.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use anyhow::{Context, bail, ensure};
use secrecy::SecretString;
use serde::Deserialize;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};
use tokio::time::{self, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::{Hash, Identity, Role, hash, hex, random_secret};

/// Longest tokens file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 256 << 10;
/// Most tokens of a file.
const TOKENS_MAX: usize = 1_000;
/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The tokens file as it was read last.
#[derive(Debug)]
pub struct TokenFile {
    path: PathBuf,
    known: RwLock<Arc<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    tokens: Vec<Token>,
    stamp: Option<Stamp>,
}

/// What tells one state of a file from another.
type Stamp = (u64, u64, Option<SystemTime>);

#[derive(Debug)]
struct Token {
    name: String,
    role: Role,
    hash: Hash,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    tokens: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    role: Role,
    sha256: String,
}

/// Makes a token, adds its hash to the file, and returns it: it is stored nowhere. The file is
/// created when it is missing, readable by its owner only.
///
/// # Errors
///
/// When the file cannot be written, cannot be read, or has a token of that name.
pub fn create(path: &Path, name: &str, role: Role) -> anyhow::Result<SecretString> {
    let token = format!("pst_{}", random_secret());
    let entry = format!(
        "[[tokens]]\nname = \"{name}\"\nrole = \"{}\"\nsha256 = \"{}\"\n",
        role.as_str(),
        hex(&hash(&token))
    );
    let before = if path.exists() { read_text(path)?.0 } else { String::new() };
    parse(&format!("{before}\n{entry}")).with_context(|| format!("add token {name}"))?;
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("open tokens file {}", path.display()))?;
    let whole =
        if before.is_empty() || before.ends_with('\n') { entry } else { format!("\n{entry}") };
    file.write_all(whole.as_bytes()).context("write tokens file")?;
    Ok(token.into())
}

impl TokenFile {
    /// Reads the file for the first time.
    ///
    /// # Errors
    ///
    /// When it is missing, damaged, or may be read by others than its owner.
    pub(crate) fn open(path: PathBuf) -> anyhow::Result<Self> {
        let known = read(&path)?;
        Ok(Self { path, known: RwLock::new(Arc::new(known)) })
    }

    /// Who has the token with this hash. Takes as long for a hash that nobody has.
    pub(crate) fn find(&self, wanted: &Hash) -> Option<Identity> {
        let known = self.known();
        let mut place = 0_u64;
        let mut found = Choice::from(0);
        for (index, token) in (0_u64..).zip(&known.tokens) {
            let same = token.hash.ct_eq(wanted);
            place.conditional_assign(&index, same);
            found |= same;
        }
        let token = known.tokens.get(usize::try_from(place).ok()?)?;
        bool::from(found).then(|| Identity {
            name: token.name.clone(),
            role: token.role,
            csrf: None,
        })
    }

    /// Reads the file again whenever it changes, until `stop`.
    pub(crate) async fn watch(self: Arc<Self>, stop: CancellationToken) {
        let mut every = time::interval(LOOK_EVERY);
        every.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut refused = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = every.tick() => {}
            }
            let stamp = stamp(&self.path).ok();
            if stamp == self.known().stamp || (stamp.is_some() && stamp == refused) {
                continue;
            }
            refused = self.read_again(stamp);
        }
    }

    /// Takes the file over as it is now. A file that is gone has no tokens; one that cannot be
    /// used changes nothing, so that a half-written one locks nobody out. Returns its stamp then.
    fn read_again(&self, stamp: Option<Stamp>) -> Option<Stamp> {
        let read = if stamp.is_some() { read(&self.path) } else { Ok(Known::default()) };
        match read {
            Ok(known) => {
                tracing::info!(tokens = known.tokens.len(), "tokens file read again");
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
                None
            }
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "tokens file cannot be used: the tokens read before stay valid"
                );
                stamp
            }
        }
    }

    fn known(&self) -> Arc<Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn stamp(path: &Path) -> std::io::Result<Stamp> {
    let metadata = fs::metadata(path)?;
    Ok((metadata.ino(), metadata.len(), metadata.modified().ok()))
}

fn read(path: &Path) -> anyhow::Result<Known> {
    let (text, stamp) = read_text(path)?;
    let tokens = parse(&text).with_context(|| format!("read tokens file {}", path.display()))?;
    Ok(Known { tokens, stamp: Some(stamp) })
}

fn read_text(path: &Path) -> anyhow::Result<(String, Stamp)> {
    let place = || format!("read tokens file {}", path.display());
    let stamp = stamp(path).with_context(place)?;
    let metadata = fs::metadata(path).with_context(place)?;
    ensure!(
        metadata.mode() & 0o077 == 0,
        "tokens file {} may be read by others than its owner: chmod 600 it",
        path.display()
    );
    ensure!(
        metadata.len() <= FILE_BYTES_MAX,
        "tokens file {} is longer than {FILE_BYTES_MAX} bytes",
        path.display()
    );
    Ok((fs::read_to_string(path).with_context(place)?, stamp))
}

fn parse(text: &str) -> anyhow::Result<Vec<Token>> {
    // The parser's own message quotes the line, which may hold what should not be in a log.
    let document: Document =
        toml::from_str(text).map_err(|error| anyhow::anyhow!(error.message().to_owned()))?;
    ensure!(document.tokens.len() <= TOKENS_MAX, "more than {TOKENS_MAX} tokens");
    let mut tokens: Vec<Token> = Vec::with_capacity(document.tokens.len());
    for Entry { name, role, sha256 } in document.tokens {
        let named = (1..=63).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        ensure!(named, "a token's name is 1 to 63 letters, digits, `.`, `_` and `-`");
        ensure!(role != Role::Public, "token {name}: the role is viewer, operator or admin");
        let Some(hash) = from_hex(&sha256) else {
            bail!("token {name}: sha256 is not 64 hexadecimal digits");
        };
        ensure!(tokens.iter().all(|other| other.name != name), "two tokens are called {name}");
        tokens.push(Token { name, role, hash });
    }
    Ok(tokens)
}

fn from_hex(text: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    if text.len() != 2 * hash.len() || !text.is_ascii() {
        return None;
    }
    for (place, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests;
