//! A blueprint in, what each server's container is made from out.
//!
//! The containers are on the machine's own network and listen on 127.0.0.1: the same addresses,
//! settings and restarts on the same port as without containers, and nothing is published.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use local_stack::{Blueprint, Part};
use testcontainers::{
    ContainerRequest, GenericImage, ImageExt as _,
    bollard::models::{HostConfig, HostConfigLogConfig},
    core::{AccessMode, Mount},
};

use crate::leftovers::Mark;

/// The official image of each server, as `compose.yaml` has it.
const fn image(part: Part) -> (&'static str, &'static str) {
    match part {
        Part::Kafka => ("apache/kafka", "4.3.1"),
        Part::Registry => ("apicurio/apicurio-registry", "3.3.3"),
        Part::ClickHouse => ("clickhouse/clickhouse-server", "26.8"),
    }
}

/// The container of a server, marked as ours.
pub(crate) fn request(
    blueprint: &Blueprint,
    part: Part,
    mark: &Mark,
) -> Result<ContainerRequest<GenericImage>> {
    let (name, tag) = image(part);
    let request = GenericImage::new(name, tag)
        .with_labels(mark.labels())
        .with_label("penstock.part", part.name())
        .with_host_config_modifier(host);
    match part {
        Part::Kafka => kafka(blueprint, request),
        Part::Registry => Ok(registry(blueprint, request)),
        Part::ClickHouse => clickhouse(blueprint, request),
    }
}

fn host(config: &mut HostConfig) {
    config.network_mode = Some("host".to_owned());
    config.publish_all_ports = None;
    config.log_config = Some(HostConfigLogConfig {
        typ: Some("json-file".to_owned()),
        config: Some([("max-size", "10m"), ("max-file", "2")].map(owned).into()),
    });
}

fn kafka(
    blueprint: &Blueprint,
    request: ContainerRequest<GenericImage>,
) -> Result<ContainerRequest<GenericImage>> {
    let folder = blueprint.conf("kafka");
    let properties = blueprint.kafka(Path::new("/var/lib/kafka/data"));
    write(&folder.join("server.properties"), &properties)?;
    let heap = blueprint.settings().kafka_heap_mib;
    Ok(request
        .with_env_var("CLUSTER_ID", Blueprint::kafka_cluster_id())
        .with_env_var("KAFKA_HEAP_OPTS", format!("-Xms{heap}m -Xmx{heap}m"))
        .with_mount(mount(&folder, "/mnt/shared/config")))
}

fn registry(
    blueprint: &Blueprint,
    request: ContainerRequest<GenericImage>,
) -> ContainerRequest<GenericImage> {
    blueprint.registry(Path::new("/tmp/registry")).into_iter().fold(
        // It answers a few requests per minute: the compiler that starts fast is enough.
        request.with_env_var("JAVA_OPTS_APPEND", "-Xmx256m -XX:TieredStopAtLevel=1"),
        |request, (name, value)| request.with_env_var(name, value),
    )
}

fn clickhouse(
    blueprint: &Blueprint,
    request: ContainerRequest<GenericImage>,
) -> Result<ContainerRequest<GenericImage>> {
    let server = blueprint.conf("config.d").join("zz-penstock.xml");
    write(&server, &blueprint.clickhouse())?;
    let users = blueprint.conf("users.d");
    write(&users.join("0-accounts.xml"), &blueprint.clickhouse_users()?)?;
    Ok(request
        // Its own account setup would write into our folder.
        .with_env_var("CLICKHOUSE_SKIP_USER_SETUP", "1")
        // The last file: it takes back that the image has the server listen on every address.
        .with_mount(mount(&server, "/etc/clickhouse-server/config.d/zz-penstock.xml"))
        .with_mount(mount(&users, "/etc/clickhouse-server/users.d")))
}

/// Lets the users of the images read what is in this folder. Other users of this machine do not
/// get as far: the folder above is its owner's.
pub(crate) fn let_read(folder: &Path) -> Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    for entry in fs::read_dir(folder)? {
        fs::set_permissions(entry?.path(), fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}

fn write(file: &Path, content: &str) -> Result<()> {
    let folder = file.parent().map(PathBuf::from).unwrap_or_default();
    fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    fs::write(file, content).with_context(|| format!("write {}", file.display()))?;
    let_read(&folder)
}

fn mount(source: &Path, place: &str) -> Mount {
    let source = source.to_string_lossy();
    Mount::bind_mount(source, place).with_access_mode(AccessMode::ReadOnly)
}

fn owned((key, value): (&str, &str)) -> (String, String) {
    (key.to_owned(), value.to_owned())
}
