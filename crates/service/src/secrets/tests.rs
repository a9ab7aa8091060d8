#![expect(clippy::result_large_err, reason = "the signature of figment::Jail")]

use clap::{CommandFactory as _, Parser};
use figment::Jail;
use secrecy::ExposeSecret;

use super::*;

const PASSWORD: Secret = Secret { name: "HOUSE_PASSWORD", help: "Opens the house" };
const TOKEN: Secret = Secret { name: "TOKEN", help: "Opens the gate" };

#[derive(Debug, Parser)]
struct Args {
    #[command(flatten)]
    secrets: SecretArgs<House>,
}

struct House;

impl Holder for House {
    const VARIABLES: &'static str = "HOUSE_OF_TESTS";
    const SECRETS: &'static [&'static [Secret]] = &[&[PASSWORD], &[TOKEN]];
}

/// What is read, as texts, with these variables and arguments.
fn read(variables: &[(&str, &str)], arguments: &[&str]) -> Result<[Option<String>; 2], String> {
    let mut read = Err(String::new());
    Jail::expect_with(|jail| {
        jail.create_file("password", "12345\n")?;
        variables.iter().for_each(|(name, value)| jail.set_env(name, value));
        let args = Args::parse_from(["house"].iter().chain(arguments));
        assert!(!format!("{args:?}").contains("hunter"), "{args:?}");
        read = args.secrets.read().map_err(|error| format!("{error:#}")).map(|secrets| {
            assert!(!format!("{secrets:?}").contains("hunter"), "{secrets:?}");
            [PASSWORD, TOKEN].map(|secret| Some(secrets.get(&secret)?.expose_secret().to_owned()))
        });
        Ok(())
    });
    read
}

#[test]
fn each_secret_has_its_variable_option_and_file() {
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(read(&[], &[]), Ok([None, None]));
    let given = read(&[("HOUSE_OF_TESTS_TOKEN", "hunter2")], &["--house-password", "hunter1"]);
    assert_eq!(given, Ok([some("hunter1"), some("hunter2")]));
    let given = read(&[("HOUSE_OF_TESTS_HOUSE_PASSWORD_FILE", "password")], &[]);
    assert_eq!(given, Ok([some("12345"), None]));
    assert_eq!(read(&[], &["--token-file", "password"]), Ok([None, some("12345")]));
}

#[test]
fn two_places_for_one_secret_are_refused_by_the_full_name() {
    let both = [("HOUSE_OF_TESTS_TOKEN", "hunter2"), ("HOUSE_OF_TESTS_TOKEN_FILE", "password")];
    let error = read(&both, &[]).unwrap_err();
    assert_eq!(
        error,
        "HOUSE_OF_TESTS_TOKEN and HOUSE_OF_TESTS_TOKEN_FILE are both set: keep one of them"
    );
}

#[test]
fn help_names_the_variables_and_hides_their_values() {
    Jail::expect_with(|jail| {
        jail.set_env("HOUSE_OF_TESTS_TOKEN", "hunter2");
        let help = Args::command().render_help().to_string();
        for line in [HEADING, "--token <SECRET>", "[env: HOUSE_OF_TESTS_TOKEN]", "Opens the gate"] {
            assert!(help.contains(line), "no {line} in {help}");
        }
        assert!(!help.contains("hunter2"), "{help}");
        Ok(())
    });
}
