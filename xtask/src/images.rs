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

/// The image of the jobs' tools. Has a shell, on purpose.
const TOOLS: &str = "tools";

/// What a user may choose.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Takes `sink`, `producer` and `admin-api` from this folder instead of compiling them.
    #[arg(long, value_name = "FOLDER", conflicts_with = "look")]
    binaries: Option<PathBuf>,
    /// Builds nothing and only looks at the images that are there.
    #[arg(long)]
    look: bool,
    /// The tag of the images and their label.
    #[arg(long, env = "PENSTOCK_VERSION", default_value = "0.1.0")]
    version: String,
}

/// Builds the images and looks at all of them, also when one is not as it should be.
pub(crate) fn run(options: &Options) -> anyhow::Result<bool> {
    if !options.look {
        let folder = staged(options.binaries.as_deref())?;
        make(&folder, &options.version)?;
    }
    let mut complaints = Vec::new();
    for service in SERVICES {
        let image = named(service.name, &options.version);
        let found = look::at_service(&image, service.name, &options.version)
            .and_then(|mut found| {
                found.extend(start::complaints(&image, &service)?);
                Ok(found)
            })
            .with_context(|| format!("look at {image}"))?;
        complaints.extend(found.into_iter().map(|found| format!("{image}: {found}")));
        say(&format!("{image}: {} MB", size(&image)?));
    }
    let image = named(TOOLS, &options.version);
    let found =
        look::at_tools(&image, &options.version).with_context(|| format!("look at {image}"))?;
    complaints.extend(found.into_iter().map(|found| format!("{image}: {found}")));
    say(&format!("{image}: {} MB", size(&image)?));
    for complaint in &complaints {
        say(complaint);
    }
    Ok(complaints.is_empty())
}

fn named(name: &str, version: &str) -> String {
    format!("{REPOSITORY}/{name}:{version}")
}

/// Puts the binaries, without what only a debugger reads, into a folder of their own.
fn staged(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    let from = if let Some(folder) = given {
        folder.to_owned()
    } else {
        let mut cargo = build::cargo();
        cargo.args(["build", "--release", "--locked"]);
        for service in SERVICES {
            cargo.args(["--package", service.name]);
        }
        ensure!(succeeds(&mut cargo)?, "cargo build failed");
        build::folder(Profile::Release)?
    };
    let folder = build::folder(Profile::Dev)?.join("images/binaries");
    fs::create_dir_all(&folder).context("make a folder for binaries")?;
    for service in SERVICES {
        let mut strip = Command::new("strip");
        strip.arg("-o").arg(folder.join(service.name)).arg(from.join(service.name));
        ensure!(succeeds(&mut strip)?, "strip failed");
    }
    Ok(folder)
}

fn make(binaries: &Path, version: &str) -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let revision = told(Command::new("git").args(["rev-parse", "HEAD"]).current_dir(&root))?;
    let docker = |name: &str| {
        let mut docker = Command::new("docker");
        docker.current_dir(&root).args(["buildx", "build", "--quiet", "--load"]);
        docker.args(["--tag", &named(name, version)]);
        docker.args(["--build-arg", &format!("VERSION={version}")]);
        docker.args(["--build-arg", &format!("REVISION={}", revision.trim())]);
        docker
    };
    let context = format!("binaries={}", binaries.display());
    for service in SERVICES {
        let mut docker = docker(service.name);
        docker.args(["--target", service.name, "--build-context", &context, "."]);
        told(&mut docker)?;
    }
    told(docker(TOOLS).arg("compose/tools"))?;
    Ok(())
}

/// Bytes of all layers, in millions.
fn size(image: &str) -> anyhow::Result<u64> {
    let mut docker = Command::new("docker");
    let bytes = told(docker.args(["image", "inspect", "--format", "{{.Size}}", image]))?;
    Ok(bytes.trim().parse::<u64>().context("read the size of an image")? / 1_000_000)
}
