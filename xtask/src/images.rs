//! Release binaries in, the project's images, built and looked at, out.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};

use crate::{
    build::{self, Profile},
    say, succeeds,
};

mod container;
mod elf;
mod look;
mod start;

use self::container::told;

/// What the images are called, before their own names.
const REPOSITORY: &str = "ghcr.io/penstock";

/// A service: its name, and what the names of its variables begin with.
struct Service {
    name: &'static str,
    variables: &'static str,
}

const SERVICES: [Service; 3] = [
    Service { name: "sink", variables: "SINK" },
    Service { name: "producer", variables: "PRODUCER" },
    Service { name: "admin-api", variables: "ADMIN_API" },
];

/// The fault proxy, a program of `testkit`. Has nothing to say about its health.
const CHAOS: &str = "chaos";

/// The image of the jobs' tools. Has a shell, on purpose.
const TOOLS: &str = "tools";

/// Kafka Connect with our plugins, on its makers' image.
const CONNECT: &str = "connect";

/// Whether the vendor's connector is in the image of Kafka Connect; as `connect/Dockerfile` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Connector {
    /// From its makers' release.
    Release,
    /// Without it, for want of GitHub.
    None,
}

impl Connector {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::None => "none",
        }
    }
}

/// What a user may choose.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Takes `sink`, `producer`, `admin-api` and `chaos` from this folder instead of compiling them.
    #[arg(long, value_name = "FOLDER", conflicts_with = "look")]
    binaries: Option<PathBuf>,
    /// Builds nothing and only looks at the images that are there.
    #[arg(long)]
    look: bool,
    /// The tag of the images and their label.
    #[arg(long, env = "PENSTOCK_VERSION", default_value = "0.1.0")]
    version: String,
    /// Only what always runs: without `chaos` and `connect`, which are for profiles.
    #[arg(long)]
    short: bool,
    /// Whether ClickHouse's connector is in the image of Kafka Connect.
    #[arg(long, env = "CLICKHOUSE_CONNECTOR", default_value = "release")]
    connector: Connector,
}

/// Builds the images and looks at all of them, also when one is not as it should be.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    if !options.look {
        let revision = revision()?;
        let folder = staged(options, &revision)?;
        make(&folder, options, &revision)?;
    }
    let complaints = complaints(options)?;
    for complaint in &complaints {
        say(complaint);
    }
    Ok(complaints.is_empty())
}

/// What is wrong with the images.
fn complaints(options: &Options) -> anyhow::Result<Vec<String>> {
    let version = &options.version;
    let mut complaints = Vec::new();
    let mut hold = |name: &str, look: &dyn Fn(&str) -> anyhow::Result<Vec<String>>| {
        let image = named(name, version);
        let found = look(&image).with_context(|| format!("look at {image}"))?;
        complaints.extend(found.into_iter().map(|found| format!("{image}: {found}")));
        say(&format!("{image}: {} MB", size(&image)?));
        anyhow::Ok(())
    };
    for service in SERVICES {
        hold(service.name, &|image| {
            let mut found = look::at_service(image, service.name, version)?;
            found.extend(start::complaints(image, &service)?);
            Ok(found)
        })?;
    }
    hold(TOOLS, &|image| look::at_tools(image, version))?;
    if options.short {
        return Ok(complaints);
    }
    hold(CHAOS, &|image| {
        let mut found = look::at_chaos(image, version)?;
        found.extend(start::chaos_complaints(image)?);
        Ok(found)
    })?;
    let connector = options.connector == Connector::Release;
    hold(CONNECT, &|image| look::at_connect(image, version, connector))?;
    Ok(complaints)
}

fn named(name: &str, version: &str) -> String {
    format!("{REPOSITORY}/{name}:{version}")
}

/// The commit that is checked out.
fn revision() -> anyhow::Result<String> {
    let told = told(Command::new("git").args(["rev-parse", "HEAD"]).current_dir(root()))?;
    Ok(told.trim().to_owned())
}

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Puts the binaries, without what only a debugger reads, into a folder of their own.
fn staged(options: &Options, revision: &str) -> anyhow::Result<PathBuf> {
    let from = if let Some(folder) = &options.binaries {
        folder.clone()
    } else {
        let mut cargo = build::cargo();
        cargo.args(["build", "--release", "--locked"]);
        cargo.env("PENSTOCK_VERSION", &options.version).env("PENSTOCK_REVISION", revision);
        for service in SERVICES {
            cargo.args(["--package", service.name]);
        }
        ensure!(succeeds(&mut cargo)?, "cargo build failed");
        if !options.short {
            let mut cargo = build::cargo();
            cargo.args(["build", "--release", "--locked", "--package", "testkit", "--bin", CHAOS]);
            ensure!(succeeds(&mut cargo)?, "cargo build failed");
        }
        build::folder(Profile::Release)?
    };
    let folder = build::folder(Profile::Dev)?.join("images/binaries");
    fs::create_dir_all(&folder).context("make a folder for binaries")?;
    let chaos = (!options.short).then_some(CHAOS);
    for name in SERVICES.map(|service| service.name).into_iter().chain(chaos) {
        let mut strip = Command::new("strip");
        strip.arg("-o").arg(folder.join(name)).arg(from.join(name));
        ensure!(succeeds(&mut strip)?, "strip failed");
    }
    Ok(folder)
}

fn make(binaries: &Path, options: &Options, revision: &str) -> anyhow::Result<()> {
    let version = &options.version;
    let docker = |name: &str| {
        let mut docker = Command::new("docker");
        docker.current_dir(root()).args(["buildx", "build", "--quiet", "--load"]);
        docker.args(["--tag", &named(name, version)]);
        docker.args(["--build-arg", &format!("VERSION={version}")]);
        docker.args(["--build-arg", &format!("REVISION={revision}")]);
        docker
    };
    // The stage of the same name.
    let context = |stage: &str| format!("{stage}={}", binaries.display());
    for service in SERVICES {
        let mut docker = docker(service.name);
        docker.args(["--target", service.name, "--build-context", &context("binaries"), "."]);
        told(&mut docker)?;
    }
    told(docker(TOOLS).arg("compose/tools"))?;
    if options.short {
        return Ok(());
    }
    let mut chaos = docker(CHAOS);
    chaos.args(["--target", CHAOS, "--build-context", &context("chaos-binary"), "."]);
    told(&mut chaos)?;
    let connector = format!("CLICKHOUSE_CONNECTOR={}", options.connector.as_str());
    told(docker(CONNECT).args(["--build-arg", &connector, "connect"]))?;
    Ok(())
}

/// Bytes of all layers, in millions.
fn size(image: &str) -> anyhow::Result<u64> {
    let mut docker = Command::new("docker");
    let bytes = told(docker.args(["image", "inspect", "--format", "{{.Size}}", image]))?;
    Ok(bytes.trim().parse::<u64>().context("read the size of an image")? / 1_000_000)
}
