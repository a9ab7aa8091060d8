//! The operating manual and pages beside it in, whether its commands do what it says out.

use anyhow::{Context as _, bail, ensure};

use self::page::{Block, Class};
use super::{report::Report, stack::Stack};

mod page;

/// The first is the manual; what it runs before each block is run before those of the others too.
const PAGES: [(&str, &str); 3] = [
    ("docs/operations.md", include_str!("../../../docs/operations.md")),
    ("docs/connect.md", include_str!("../../../docs/connect.md")),
    ("docs/chaos.md", include_str!("../../../docs/chaos.md")),
];
/// What a block may take: the longest one restores a backup and waits for what follows.
const BLOCK_WITHIN_S: u32 = 900;
/// The tag that the chapter on upgrades goes to. There is one version of the images so far, so it
/// is the same images under another name: the steps are tested, not the change.
const NEXT: &str = "e2e-next";
const TAGGED: [&str; 4] = ["sink", "producer", "admin-api", "tools"];

/// Runs the blocks that are short enough for every commit, in their order.
///
/// # Errors
///
/// Those of the first block that fails, or that does not say what the manual says.
pub(super) fn short(stack: &Stack, report: &mut Report) -> anyhow::Result<()> {
    run(stack, report, &[Class::Smoke, Class::Pipeline])
}

/// Runs all of them but those that say why they cannot be run.
///
/// # Errors
///
/// As [`short`].
pub(super) fn whole(stack: &Stack, report: &mut Report) -> anyhow::Result<()> {
    for image in TAGGED {
        stack.retag(image, NEXT)?;
    }
    let ran = run(stack, report, &[Class::Smoke, Class::Pipeline, Class::Manual]);
    for image in TAGGED {
        stack.untag(image, NEXT)?;
    }
    ran
}

fn run(stack: &Stack, report: &mut Report, classes: &[Class]) -> anyhow::Result<()> {
    let mut manuals = String::new();
    for (path, page) in PAGES {
        let blocks = page::blocks(page).with_context(|| format!("read {path}"))?;
        let always = blocks.iter().filter(|block| block.class == Class::Always);
        let own = always.map(Block::script).collect::<Vec<_>>().join("\n");
        for block in blocks.iter().filter(|block| classes.contains(&block.class)) {
            let name = format!("{path}, {} (line {})", block.heading, block.line);
            report.step(&name, || execute(stack, &format!("{manuals}\n{own}"), block))?;
        }
        if manuals.is_empty() {
            manuals = own;
        }
    }
    Ok(())
}

fn execute(stack: &Stack, prelude: &str, block: &Block) -> anyhow::Result<()> {
    let script = format!("set -euo pipefail\n{prelude}\n{}", block.script());
    let variables = [("NEW", NEXT)];
    let output = stack.shell(&script, &variables, BLOCK_WITHIN_S)?;
    // Compose erases the line that it writes, also where nobody looks.
    let said = String::from_utf8_lossy(&output.stdout).replace("\u{1b}[2K", "");
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{}\n{}\nsaid\n{said}\n{complaint}",
        output.status,
        block.script()
    );
    match page::missing(&said, &block.expected) {
        None => Ok(()),
        Some(line) => bail!("{}\ndid not say {line:?}, but\n{said}\n{complaint}", block.script()),
    }
}
