//! The secrets folder in, the ClickHouse accounts with their passwords out.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rand::{Rng as _, distr::Alphanumeric};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use crate::{
    data_folder::write_private,
    error::{Error, io_error},
};

/// Characters of a generated password: about 190 bits.
const PASSWORD_LENGTH: usize = 32;

/// One ClickHouse account.
#[derive(Clone, Debug)]
pub struct Account {
    /// The user name.
    pub user: &'static str,
    /// Its password.
    pub password: SecretString,
    /// The file, readable by its owner only, that holds the password and nothing else.
    pub password_file: PathBuf,
}

/// The ClickHouse accounts of a stack.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Inserts into the pipeline databases and can do nothing else.
    pub sink: Account,
    /// Creates and alters databases and tables, and reads them, in the pipeline databases.
    pub schema: Account,
    /// Reads the pipeline databases.
    pub reader: Account,
    /// May do everything.
    pub admin: Account,
}

impl Credentials {
    /// Reads the passwords, and generates the ones that are missing.
    pub(crate) fn load(folder: &Path) -> Result<Self, Error> {
        Ok(Self {
            sink: Account::load(folder, "sink")?,
            schema: Account::load(folder, "schema")?,
            reader: Account::load(folder, "reader")?,
            admin: Account::load(folder, "admin")?,
        })
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> [&Account; 4] {
        [&self.sink, &self.schema, &self.reader, &self.admin]
    }
}

impl Account {
    fn load(folder: &Path, user: &'static str) -> Result<Self, Error> {
        let password_file = folder.join(user);
        let known = match fs::read_to_string(&password_file) {
            Ok(text) => text.trim().to_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(io_error("read", &password_file)(error)),
        };
        let password = if known.is_empty() {
            let new: String = rand::rng()
                .sample_iter(Alphanumeric)
                .take(PASSWORD_LENGTH)
                .map(char::from)
                .collect();
            write_private(&password_file, new.as_bytes())?;
            new
        } else {
            known
        };
        Ok(Self { user, password: password.into(), password_file })
    }

    /// What the server keeps in place of the password.
    pub(crate) fn password_sha256_hex(&self) -> String {
        hex(&Sha256::digest(self.password.expose_secret()))
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
