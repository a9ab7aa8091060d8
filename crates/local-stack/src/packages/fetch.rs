//! A recipe in, its download and then its unpacked files in a working folder out.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::BufReader,
    path::{Path, PathBuf},
    time::Duration,
};

use flate2::bufread::GzDecoder;

use super::{
    Context,
    recipe::{How, Recipe},
};
use crate::{
    error::{Error, io_error},
    java::find_tool,
    progress::Event,
    settings::Environment,
    supervise::{Child, Exit, Spec},
    tail::tail,
};

/// How often the bar moves.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Longest that fetching one package may take.
const FETCH_WITHIN: Duration = Duration::from_secs(20 * 60);
/// How long the fetching program may take to stop.
const STOP_WITHIN: Duration = Duration::from_secs(3);

/// The program that fetches this package: its name and where it is.
pub(crate) fn fetching_tool(
    recipe: &Recipe,
    environment: &Environment,
) -> Result<(&'static str, PathBuf), Error> {
    let (tool, package) = match &recipe.how {
        How::MavenPom { .. } | How::MavenArchive { .. } => ("mvn", "Apache Maven"),
        How::Npm { .. } => ("npm", "Node.js with npm"),
    };
    let program = find_tool(tool, &environment.path).ok_or_else(|| Error::ToolMissing {
        tool,
        purpose: recipe.title(),
        package,
    })?;
    Ok((tool, program))
}

/// Runs the program that fetches, with `work` as its folder.
pub(super) async fn run(recipe: &Recipe, work: &Path, c: Context<'_>) -> Result<(), Error> {
    let out = work.join("out");
    fs::create_dir_all(&out).map_err(io_error("create", &out))?;
    match &recipe.how {
        How::MavenPom { pom } => write(&work.join("pom.xml"), pom)?,
        How::MavenArchive { .. } => {}
        How::Npm { .. } => write(&work.join("package.json"), "{\"private\": true}\n")?,
    }
    let (tool, program) = fetching_tool(recipe, &c.settings.environment)?;
    let log = c.logs.join(format!("fetch-{}.log", recipe.part));
    fs::write(&log, "").map_err(io_error("write", &log))?;
    let mut env = BTreeMap::new();
    if let Some(java) = c.java {
        env.insert("JAVA_HOME".to_owned(), java.home.to_string_lossy().into_owned());
    }
    let child = c
        .supervisor
        .spawn(Spec {
            name: tool.to_owned(),
            program,
            args: recipe.args(),
            env,
            env_clear: false,
            dir: Some(work.to_owned()),
            log: log.clone(),
            grace_ms: 1000,
            stop_rank: 0,
        })
        .await?;
    let how = match tokio::time::timeout(FETCH_WITHIN, watch(recipe, &child, c)).await {
        Ok(Exit { code: Some(0), .. }) => return Ok(()),
        Ok(exit) => exit.to_string(),
        Err(_elapsed) => {
            child.stop(STOP_WITHIN).await?;
            format!("it took longer than {} s", FETCH_WITHIN.as_secs())
        }
    };
    let tail = tail(&log);
    if tail.contains("No space left on device") || tail.contains("ENOSPC") {
        let folder = c.settings.cache_dir.clone();
        let free_mib = crate::data_folder::free_mib(&folder).unwrap_or(0);
        return Err(Error::DiskFull { folder, free_mib, needed_mib: recipe.disk_mib });
    }
    Err(Error::Fetch { what: recipe.title(), tool, how, log, tail })
}

/// Tells how far the program is until it ends.
async fn watch(recipe: &Recipe, child: &Child, c: Context<'_>) -> Exit {
    loop {
        tokio::select! {
            exit = child.exited() => return exit,
            () = tokio::time::sleep(LOOK_EVERY) => {
                if let Some(bytes) = bytes_written(child.pid()) {
                    c.progress.event(Event::Fetching { part: recipe.part, bytes });
                }
            }
        }
    }
}

/// Bytes that the process has written to files so far, as the kernel counts them.
fn bytes_written(pid: u32) -> Option<u64> {
    let io = fs::read_to_string(format!("/proc/{pid}/io")).ok()?;
    io.lines().find_map(|line| line.strip_prefix("wchar: "))?.parse().ok()
}

/// Puts the files of the package into `out`.
pub(super) fn unpack(recipe: &Recipe, work: &Path) -> Result<(), Error> {
    let out = work.join("out");
    match &recipe.how {
        How::MavenPom { .. } => Ok(()),
        How::MavenArchive { .. } => {
            let folder = work.join("download");
            let archive = fs::read_dir(&folder)
                .map_err(io_error("read", &folder))?
                .find_map(|entry| Some(entry.ok()?.path()))
                .ok_or_else(|| Error::Unexpected {
                    what: recipe.title(),
                    detail: "nothing was downloaded".to_owned(),
                })?;
            let file = File::open(&archive).map_err(io_error("open", &archive))?;
            let mut archive = tar::Archive::new(GzDecoder::new(BufReader::new(file)));
            archive.unpack(&out).map_err(io_error("unpack into", &out))
        }
        How::Npm { package } => {
            let installed = work.join("node_modules").join(package);
            fs::remove_dir(&out).map_err(io_error("replace", &out))?;
            fs::rename(&installed, &out).map_err(io_error("move", &installed))
        }
    }
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(io_error("write", path))
}
