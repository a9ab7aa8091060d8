//! Which package each server comes from, pinned.

use sha2::{Digest as _, Sha256};

use crate::{error::Error, settings::Part, users::hex};

/// The engine library in the folder of the ClickHouse package.
pub(crate) const ENGINE_LIBRARY: &str = "libchdb.so";

const KAFKA_VERSION: &str = "4.3.1";
const REGISTRY_VERSION: &str = "3.3.3";
const ENGINE_VERSION: &str = "26.7.3-stable.1";

/// The Maven plugin that copies artifacts into a folder.
const PLUGIN: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1";
const KAFKA_POM: &str = include_str!("kafka-pom.xml");

/// How to get one package.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) part: Part,
    pub(crate) version: &'static str,
    pub(crate) how: How,
    /// Checksum of the list of its files with their checksums.
    pub(crate) digest: &'static str,
    /// What the fetching program writes in all when it starts from nothing; measured, and only
    /// used to draw a bar.
    pub(crate) bytes_written: u64,
    /// Space that fetching and unpacking take, in MiB.
    pub(crate) disk_mib: u64,
}

/// Which program fetches it, and what it is told.
#[derive(Clone, Debug)]
pub(crate) enum How {
    /// `mvn`: the run-time dependencies of a pom.
    MavenPom { pom: &'static str },
    /// `mvn`: one archive, unpacked by us.
    MavenArchive { artifact: String },
    /// `npm`: one package without dependencies.
    Npm { package: &'static str },
}

impl Recipe {
    /// The recipe for this platform.
    pub(crate) fn of(part: Part) -> Result<Self, Error> {
        if !cfg!(target_os = "linux") {
            return Err(unsupported(part));
        }
        Ok(match part {
            Part::Kafka => Self {
                part,
                version: KAFKA_VERSION,
                how: How::MavenPom { pom: KAFKA_POM },
                digest: "73a36cc4ad322d13d71c549fadf740fd9af7285c5ab2f0687b7c31d5f2a746fb",
                bytes_written: 100_000_000,
                disk_mib: 200,
            },
            Part::Registry => Self {
                part,
                version: REGISTRY_VERSION,
                how: How::MavenArchive {
                    artifact: format!(
                        "io.apicurio:apicurio-registry-app:{REGISTRY_VERSION}:tar.gz:all"
                    ),
                },
                digest: "de467cdd84ec4028c930a96b83ef258e0b165583013b2d9c24f10f73153c3309",
                bytes_written: 330_000_000,
                disk_mib: 600,
            },
            Part::ClickHouse => Self {
                part,
                version: ENGINE_VERSION,
                how: How::Npm { package: engine_package()? },
                digest: "8d921aa7a824b5f555ef584625ed31b7e0d1f13a555ed55b6e97a064ffb4a105",
                bytes_written: 740_000_000,
                disk_mib: 1500,
            },
        })
    }

    /// The name of its folder: another recipe gets another folder.
    pub(crate) fn folder_name(&self) -> String {
        let recipe = format!("{:?} {PLUGIN} {}", self.how, self.digest);
        let hash = hex(&Sha256::digest(recipe)[..4]);
        format!("{}-{}-{hash}", self.part, self.version)
    }

    /// What a person calls it.
    pub(crate) fn title(&self) -> String {
        let name = match self.part {
            Part::Kafka => "Apache Kafka",
            Part::Registry => "Apicurio Registry",
            Part::ClickHouse => "the ClickHouse engine",
        };
        format!("{name} {}", self.version)
    }

    /// The arguments of the fetching program, run in a folder of its own.
    pub(crate) fn args(&self) -> Vec<String> {
        match &self.how {
            How::MavenPom { .. } => vec![
                "-B".to_owned(),
                "-f".to_owned(),
                "pom.xml".to_owned(),
                format!("{PLUGIN}:copy-dependencies"),
                "-DoutputDirectory=out/lib".to_owned(),
                "-DincludeScope=runtime".to_owned(),
            ],
            How::MavenArchive { artifact } => vec![
                "-B".to_owned(),
                format!("{PLUGIN}:copy"),
                format!("-Dartifact={artifact}"),
                "-DoutputDirectory=download".to_owned(),
            ],
            // Scripts of packages are never run.
            How::Npm { package } => vec![
                "install".to_owned(),
                "--no-audit".to_owned(),
                "--no-fund".to_owned(),
                "--ignore-scripts".to_owned(),
                "--no-package-lock".to_owned(),
                format!("{package}@{}", self.version),
            ],
        }
    }
}

fn engine_package() -> Result<&'static str, Error> {
    if cfg!(all(target_arch = "x86_64", target_env = "gnu")) {
        return Ok("@chdb/lib-linux-x64-gnu");
    }
    Err(unsupported(Part::ClickHouse))
}

fn unsupported(part: Part) -> Error {
    let platform = format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH);
    Error::Platform { part, platform }
}
