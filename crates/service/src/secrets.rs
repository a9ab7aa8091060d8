//! Variables and files in, passwords and tokens out.
//!
//! Not keys of figment: it parses variables, so it refuses `12345` as a password, and prints it in
//! the error.

use std::{collections::BTreeMap, fmt, marker::PhantomData, path::PathBuf};

use clap::{Arg, ArgMatches, Command, FromArgMatches, builder::ValueParser, value_parser};
use secrecy::SecretString;

use crate::config;

/// Heading of these options in `--help`.
const HEADING: &str = "Secrets, by variable or from a file";

/// A password or token that a service may be given.
#[derive(Clone, Copy, Debug)]
pub struct Secret {
    /// Name of its variable without the service's: `REGISTRY_TOKEN` for `SINK_REGISTRY_TOKEN`.
    pub name: &'static str,
    /// What it is, for `--help`.
    pub help: &'static str,
}

/// Somebody who is given secrets.
pub trait Holder {
    /// What the names of its variables begin with: `SINK`.
    const VARIABLES: &'static str;
    /// What may be given, in the order of `--help`.
    const SECRETS: &'static [&'static [Secret]];
}

/// The options of all secrets of a [`Holder`], to be flattened into its command line: one for the
/// value, such as `--registry-token` or `SINK_REGISTRY_TOKEN`, and one for a file that holds it,
/// such as `--registry-token-file` or `SINK_REGISTRY_TOKEN_FILE`.
pub struct SecretArgs<H> {
    given: Vec<Given>,
    holder: PhantomData<fn() -> H>,
}

/// What was given for one secret.
struct Given {
    name: &'static str,
    value: Option<SecretString>,
    file: Option<PathBuf>,
}

/// Secrets that were given. Never printed.
#[derive(Clone, Debug, Default)]
pub struct Secrets(BTreeMap<&'static str, SecretString>);

impl Secrets {
    /// The secret, if it was given.
    #[must_use]
    pub fn get(&self, secret: &Secret) -> Option<SecretString> {
        self.0.get(secret.name).cloned()
    }
}

impl<H: Holder> SecretArgs<H> {
    /// Takes each secret from its variable, or from its file.
    ///
    /// # Errors
    ///
    /// As [`config::secret`], for the first secret of which that is true.
    pub fn read(&self) -> anyhow::Result<Secrets> {
        let mut secrets = BTreeMap::new();
        for Given { name, value, file } in &self.given {
            let variable = format!("{}_{name}", H::VARIABLES);
            if let Some(secret) = config::secret(&variable, value.clone(), file.as_deref())? {
                secrets.insert(*name, secret);
            }
        }
        Ok(Secrets(secrets))
    }
}

impl<H: Holder> clap::Args for SecretArgs<H> {
    fn augment_args(command: Command) -> Command {
        all::<H>().fold(command, |command, secret| {
            let value = option::<H>(secret.name, secret.help, value_parser!(SecretString).into());
            let file = format!("{}_FILE", secret.name);
            let file = option::<H>(&file, "File that holds it", value_parser!(PathBuf));
            command
                .arg(value.hide_env_values(true).value_name("SECRET"))
                .arg(file.value_name("FILE"))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<H: Holder> FromArgMatches for SecretArgs<H> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = all::<H>().map(|secret| Given {
            name: secret.name,
            value: matches.get_one(&id(secret.name)).cloned(),
            file: matches.get_one(&id(&format!("{}_FILE", secret.name))).cloned(),
        });
        Ok(Self { given: given.collect(), holder: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<H> fmt::Debug for SecretArgs<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretArgs").finish_non_exhaustive()
    }
}

fn all<H: Holder>() -> impl Iterator<Item = &'static Secret> {
    H::SECRETS.iter().copied().flatten()
}

/// The option `--registry-token`, or the variable `SINK_REGISTRY_TOKEN`, for `REGISTRY_TOKEN`.
fn option<H: Holder>(name: &str, help: &'static str, parser: ValueParser) -> Arg {
    Arg::new(id(name))
        .long(id(name).replace('_', "-"))
        .env(format!("{}_{name}", H::VARIABLES))
        .help(help)
        .help_heading(HEADING)
        .value_parser(parser)
}

fn id(name: &str) -> String {
    name.to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
